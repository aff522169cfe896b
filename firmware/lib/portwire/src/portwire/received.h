// What a framing says about the bytes that it was given, and the count of what it had to drop.
#ifndef PORTWIRE_RECEIVED_H
#define PORTWIRE_RECEIVED_H

#include "polyfills.h"

namespace portwire {

/// What a byte has completed.
enum class Received : uint8_t {
  kNothing = 0,  ///< Not at the end of a message yet.
  kMessage = 1,  ///< content() and contentBytes() hold one, until the next push().
  kDropped = 2   ///< Something ended that is no message; drop() says why.
};

/// Why something was dropped. The first five are the framing's, the others the session's.
enum class Drop : uint8_t {
  kCobs = 0,      ///< The COBS chain does not end at the delimiter.
  kLength = 1,    ///< The length field differs from the bytes that came.
  kCrc = 2,       ///< The checksum is wrong.
  kOversize = 3,  ///< Longer than the announced maximum.
  kShort = 4,     ///< Content without action and token.
  kToken = 5,     ///< Neither the next token nor one whose answer is still held.
  kMessage = 6    ///< Nothing that this device can use, and no call that an ERROR could answer.
};
constexpr uint8_t kDropReasons = 7;  ///< Values of Drop.

/// What a UART lost before any framing saw it, since begin(). Counters that stop at 65,535.
struct ReceiveLosses {
  uint16_t ringBytes;  ///< Bytes that found the receive ring full: loop() was away for too long.
  uint16_t overruns;   ///< Times that the hardware lost bytes, at least one each: interrupts were off for too long.
};

/// Counters that stop at 65,535. They are lower bounds: noise may swallow a delimiter.
class Drops {
 public:
  /// One more.
  void add(Drop reason) {
    uint16_t& count = counts_[static_cast<uint8_t>(reason)];
    if (count != 0xFFFF) ++count;
  }
  /// Dropped for this reason.
  uint16_t operator[](Drop reason) const { return counts_[static_cast<uint8_t>(reason)]; }
  /// Dropped for a reason of the framing's.
  uint32_t frames() const {
    uint32_t sum = 0;
    for (uint8_t reason = 0; reason <= static_cast<uint8_t>(Drop::kShort); ++reason) sum += counts_[reason];
    return sum;
  }

 private:
  uint16_t counts_[kDropReasons] = {};
};

}  // namespace portwire

#endif
