// How reading a value can end, and how a handler says that it could not do what was asked.
#ifndef PORTWIRE_STATUS_H
#define PORTWIRE_STATUS_H

#include "polyfills.h"

namespace portwire {

/// Result of reading one value. Anything but kOk leaves the output as it was.
enum class Status : uint8_t {
  kOk = 0,  ///< It was read.
  kTruncated = 1,   ///< The bytes ended inside the value.
  kWrongType = 2,   ///< Another type than the one asked for.
  kOutOfRange = 3,  ///< An integer that the type asked for cannot hold.
  kTooLarge = 4     ///< A text or bytes longer than the contract allows.
};

/// Numbers of an ERROR message. Below 16 they are the protocol's, from 16 on the application's.
enum class ErrorCode : uint8_t {
  kNone = 0,  ///< No error.
  kUnknownAction = 1,  ///< No handler for this action.
  kBadArguments = 2,  ///< Too few, too many, of another type, or out of range.
  kBusy = 3,  ///< Not now; nothing was done.
  kArgumentsTooLarge = 4,  ///< A text, bytes or an array longer than the contract allows.
  kSkipped = 5,  ///< The answer to SKIP.
  kNotReady = 6,  ///< The session is not up; nothing was done.
  kExpired = 7,  ///< The deadline passed.
  kReplyTooLarge = 8,  ///< It ran, and its result has no room.
  kCancelled = 9,  ///< A job that ended because the host wanted it to.
  kFirstOfApplication = 16  ///< From here on the numbers are yours.
};

/// What a handler returns in the place of its result: `return portwire::Fail(16);`
/// kBusy and kNotReady promise the host that nothing was done.
struct Fail {
  /// 0 is no error's number; it is told as 16, for a failure must not look like success.
  explicit constexpr Fail(uint8_t number) : code(number == 0 ? 16 : number) {}
  explicit constexpr Fail(ErrorCode number) : code(number == ErrorCode::kNone ? 16 : static_cast<uint8_t>(number)) {}
  uint8_t code;  ///< The number of the ERROR.
};

/// The result of a handler that may fail: a `T`, or a Fail.
template <class T> struct Result {
  /// A value: `return celsius;`.
  Result(const T& result) : value(result), code(0) {}  // NOLINT: that is the point
  /// No value: `return portwire::Fail(17);`.
  Result(Fail fail) : value(), code(fail.code) {}  // NOLINT
  T value;                                         ///< Where `code` is 0.
  uint8_t code;                                    ///< 0, or the number of the ERROR.
};

/// The result of a handler that answers nothing and may fail: `return portwire::Result<void>();`
template <> struct Result<void> {
  Result() : code(0) {}
  Result(Fail fail) : code(fail.code) {}  // NOLINT
  uint8_t code;
};

}  // namespace portwire

#endif
