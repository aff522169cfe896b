// The line of a bare Cortex-M3 board (TI's evaluation board EKK-LM3S6965, which QEMU emulates): UART0, received by interrupt.
#ifndef GREENHOUSE_BOARD_LM3S6965_H
#define GREENHOUSE_BOARD_LM3S6965_H

#include <portwire.h>

namespace board {

struct CortexM3 {
  static uint32_t nowMs();
  /// A counter in the I2C EEPROM. The board resets itself when the EEPROM does not answer: an epoch used twice would be worse.
  static uint32_t nextEpoch();
  static portwire::ResetCause resetCause();
  static void restart();
};

/// UART0. The interrupt empties the UART's FIFO into a ring; what finds the ring full is dropped, and its frame with it.
class Uart {
 public:
  static constexpr size_t kRing = 256;

  void begin();
  bool available() const { return head_ != tail_; }
  uint8_t read() { return ring_[tail_++]; }
  void write(uint8_t byte);
  void flush() const;
  /// The interrupt's part.
  void received(uint8_t byte);

 private:
  // Bytes, so that they wrap at the ring's size.
  volatile uint8_t head_ = 0;
  volatile uint8_t tail_ = 0;
  volatile uint8_t ring_[kRing] = {};
};

extern Uart uart;

struct Line {
  typedef portwire::Frames Framing;
  typedef CortexM3 Board;
  static constexpr size_t kReceiveBytes = Uart::kRing - 1;
  static constexpr size_t kMaxContentBytes = kReceiveBytes - 7;
  static constexpr size_t kReplyBytes = 256;
  static constexpr uint8_t kWindow = 4;
  static_assert(portwire::frameBytes(kMaxContentBytes) <= kReceiveBytes, "the receive ring holds the largest frame");

  void begin() { uart.begin(); }
  bool available() const { return uart.available(); }
  uint8_t read() { return uart.read(); }
  void write(uint8_t byte) { uart.write(byte); }
  void commit() {}
  void flush() { uart.flush(); }
};

/// Until the next byte or the next millisecond.
void waitForInterrupt();

template <class Port> void start(Port& port) { port.begin(); }
template <class Port> void idle(const Port&) { waitForInterrupt(); }

}  // namespace board

#endif
