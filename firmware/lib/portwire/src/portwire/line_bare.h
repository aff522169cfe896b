// A board without Arduino, from four functions of yours:
//
//   struct Hal {
//     static int readByte();             the next byte that has come, or -1
//     static bool writeByte(uint8_t);    false: no room now, it is tried again
//     static uint32_t milliseconds();    since boot; wraps round at 2^32
//     static void reset();               restarts the board, after what was written has left; does not return
//   };
//   static portwire::Device<portwire::BareLine<Hal>, greenhouse::Contract> port;
//   ...
//   port.begin(epoch);
#ifndef PORTWIRE_LINE_BARE_H
#define PORTWIRE_LINE_BARE_H

#include "frame.h"
#include "protocol.h"

namespace portwire {

/// What the session asks of a board, by way of `Hal`. RAM: 5 bytes.
template <class Hal> struct BareBoard {
  static uint32_t nowMs() { return Hal::milliseconds(); }   ///< Milliseconds since boot; wraps round at 2^32.
  static uint32_t nextEpoch() { return epoch; }             ///< What begin() was given.
  static ResetCause resetCause() { return cause; }          ///< What begin() was given.
  static void restart() { Hal::reset(); }                   ///< Does not return.

  static uint32_t epoch;    ///< Of this boot.
  static ResetCause cause;  ///< Of this boot.
};
template <class Hal> uint32_t BareBoard<Hal>::epoch = 0;
template <class Hal> ResetCause BareBoard<Hal>::cause = ResetCause::kUnknown;

/// A Line from the four functions of `Hal`, with frames. `kRingBytes` is what your receive buffer holds between two polls; it must be said truly, for the host sends no more than that
/// unanswered. 0: no limit (a socket); then `kContentBytes` is the longest content taken.
/// `kAnswerBytes` is the longest answer, as content.
template <class Hal, size_t kRingBytes = 63, size_t kAnswerBytes = 64,
          size_t kContentBytes = (kRingBytes == 0 || kRingBytes >= 256 ? 249 : kRingBytes - 7)>
class BareLine {
 public:
  typedef Frames Framing;
  typedef BareBoard<Hal> Board;
  static constexpr size_t kReceiveBytes = kRingBytes;
  static constexpr size_t kMaxContentBytes = kContentBytes;
  static constexpr size_t kReplyBytes = kAnswerBytes;
  static constexpr uint8_t kWindow = 1;
  static_assert(kRingBytes == 0 || frameBytes(kContentBytes) <= kRingBytes, "the receive ring holds the largest frame");

  /// `epoch`: a number that no earlier boot of this board had, or the host takes a restart for none: a counter in EEPROM or
  /// flash, else 32 bits of a random number generator. `cause` is told to the host.
  void begin(uint32_t epoch, ResetCause cause = ResetCause::kUnknown) {
    Board::epoch = epoch;
    Board::cause = cause;
  }
  bool available() {
    if (next_ < 0) next_ = static_cast<int16_t>(Hal::readByte());
    return next_ >= 0;
  }
  uint8_t read() {
    const uint8_t byte = static_cast<uint8_t>(next_ & 0xFF);
    next_ = -1;
    return byte;
  }
  void write(uint8_t byte) {
    while (!Hal::writeByte(byte)) {
    }
  }
  void commit() {}
  /// Hal::reset() waits for the last byte to leave.
  void flush() {}

 private:
  int16_t next_ = -1;
};

}  // namespace portwire

#endif
