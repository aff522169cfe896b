// When a device repeats what the host has not answered: after 50 ms, then at twice the last pause up to a quarter of a heartbeat.
// Pauses that have come to that bound are uneven, each up to a quarter shorter, so that no loss that keeps step with the copies
// hits them all.
#ifndef PORTWIRE_REPEAT_TIMER_H
#define PORTWIRE_REPEAT_TIMER_H

#include "protocol.h"

namespace portwire {
namespace detail {

class RepeatTimer {
 public:
  /// `heartbeatMs` as HELLO told it; 0: it did not.
  void onHello(uint32_t heartbeatMs) {
    const uint32_t quarterMs = (heartbeatMs != 0 ? heartbeatMs : kDefaultHeartbeatMs) / 4;
    longestPauseMs_ = quarterMs > kLongestMs ? kLongestMs : static_cast<uint16_t>(quarterMs);
    if (longestPauseMs_ < kFirstRepeatMs) longestPauseMs_ = kFirstRepeatMs;
  }

  void sent(uint32_t nowMs) { sentAtMs_ = static_cast<uint16_t>(nowMs & 0xFFFF); }

  /// The next pause is the first again.
  void progress() { pauseMs_ = kFirstRepeatMs; }

  /// True when the pause since sent() is over; the next one is then longer.
  bool isDue(uint32_t nowMs) {
    if (static_cast<uint16_t>((nowMs - sentAtMs_) & 0xFFFF) < pauseMs_ - earlierMs()) return false;
    pauseMs_ = pauseMs_ > longestPauseMs_ / 2 ? longestPauseMs_ : static_cast<uint16_t>(2 * pauseMs_);
    return true;
  }

 private:
  /// Times in 16 bits are enough: a pause is shorter, and one that is looked at too late is only longer.
  static constexpr uint16_t kLongestMs = 0x7FFF;

  /// From 0 to 7 times a 32nd of what the pause is above the first, by when the last copy went: chance enough, and no byte of RAM.
  uint16_t earlierMs() const {
    if (pauseMs_ != longestPauseMs_) return 0;
    return static_cast<uint16_t>((static_cast<unsigned>(pauseMs_ - kFirstRepeatMs) >> 5) * (((sentAtMs_ * 29u) >> 4) & 7));
  }

  uint16_t sentAtMs_ = 0;
  uint16_t pauseMs_ = 0;
  uint16_t longestPauseMs_ = 0;
};

}  // namespace detail
}  // namespace portwire

#endif
