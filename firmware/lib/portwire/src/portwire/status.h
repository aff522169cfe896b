// How reading a value can end, and how a handler says that it could not do what was asked.
#ifndef PORTWIRE_STATUS_H
#define PORTWIRE_STATUS_H

#include "polyfills.h"

namespace portwire {

/// Result of reading one value. Anything but kOk leaves the output as it was.
enum class Status : uint8_t {
  kOk = 0,
  kTruncated = 1,   ///< The bytes ended inside the value.
  kWrongType = 2,   ///< Another type than the one asked for.
  kOutOfRange = 3,  ///< An integer that the type asked for cannot hold.
  kTooLarge = 4     ///< A text or bytes longer than the contract allows.
};

/// Numbers of an ERROR message. Below 16 they are the protocol's, from 16 on the application's.
enum class ErrorCode : uint8_t {
  kNone = 0,
  kUnknownAction = 1,
  kBadArguments = 2,
  kBusy = 3,
  kArgumentsTooLarge = 4,
  kSkipped = 5,
  kNotReady = 6,
  kExpired = 7,
  kReplyTooLarge = 8,
  kCancelled = 9,
  kFirstOfApplication = 16
};

/// What a handler returns in the place of its result: `return portwire::Fail(16);`
/// kBusy and kNotReady promise the host that nothing was done.
struct Fail {
  /// 0 is no error's number; it is told as 16, for a failure must not look like success.
  explicit constexpr Fail(uint8_t number) : code(number == 0 ? 16 : number) {}
  explicit constexpr Fail(ErrorCode number) : code(number == ErrorCode::kNone ? 16 : static_cast<uint8_t>(number)) {}
  uint8_t code;
};

/// The result of a handler that may fail: a T, or a Fail.
template <class T> struct Result {
  Result(const T& result) : value(result), code(0) {}  // NOLINT: `return celsius;` is the point
  Result(Fail fail) : value(), code(fail.code) {}      // NOLINT
  T value;
  uint8_t code;  ///< 0, or the number of the ERROR.
};

template <> struct Result<void> {
  Result() : code(0) {}
  Result(Fail fail) : code(fail.code) {}  // NOLINT
  uint8_t code;
};

}  // namespace portwire

#endif
