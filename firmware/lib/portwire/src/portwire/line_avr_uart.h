// USART0 of an ATmega without Arduino's Serial: smaller, and it does not stand in the way of a program without Arduino.
//
// One source file says PORTWIRE_AVR_UART_INTERRUPT(uart), where `uart` is the AvrUart that it defines.
#ifndef PORTWIRE_LINE_AVR_UART_H
#define PORTWIRE_LINE_AVR_UART_H

#include <avr/interrupt.h>
#include <avr/io.h>

#include "frame.h"
#include "received.h"

namespace portwire {

/// Received bytes go to a ring by interrupt; what is sent waits for the transmitter, 87 us a byte at 115,200 baud, while the
/// ring goes on filling. RAM: kRing + 7, of which kRing - 1 bytes can wait.
template <uint8_t kRing = 64> class AvrUart {
 public:
  static_assert(kRing >= 2 && (kRing & (kRing - 1)) == 0, "the ring's size is a power of two");
  static constexpr uint8_t kRingBytes = kRing - 1;  ///< Bytes that can wait in the ring.

  /// 8 bits, no parity, one stop bit. Double speed, as bootloader and Arduino have it: 115,200 baud from 16 MHz are then 2.1 %
  /// fast in place of 3.5 % slow (ATmega328P data sheet, table 20-6).
  void begin(uint32_t baudRate) {
    UBRR0 = static_cast<uint16_t>((F_CPU / 4 / baudRate - 1) / 2);
    UCSR0A = 1 << U2X0;
    UCSR0B = (1 << RXEN0) | (1 << TXEN0) | (1 << RXCIE0);
  }

  bool available() const { return head_ != tail_; }
  uint8_t read() {
    const uint8_t byte = ring_[tail_];
    tail_ = (tail_ + 1) & (kRing - 1);
    return byte;
  }
  void write(uint8_t byte) {
    while (!(UCSR0A & (1 << UDRE0))) {
    }
    // Cleared by writing a one, so that flush() sees this byte's end and no earlier one's.
    UCSR0A = (1 << U2X0) | (1 << TXC0);
    UDR0 = byte;
    written_ = true;
  }
  void flush() const {
    while (written_ && !(UCSR0A & (1 << TXC0))) {
    }
  }

  /// What was lost, in ring and hardware. STATS tells it.
  ReceiveLosses losses() const {
    const uint8_t flags = SREG;
    cli();
    const ReceiveLosses losses = {ringBytes_, overruns_};
    SREG = flags;
    return losses;
  }

  /// The interrupt's part: like Arduino's, it drops what finds the ring full; it counts that.
  void received() {
    const bool overrun = UCSR0A & (1 << DOR0);  // belongs to the byte that is read next
    const uint8_t byte = UDR0;
    if (overrun) count(overruns_);
    const uint8_t next = (head_ + 1) & (kRing - 1);
    if (next == tail_) {
      count(ringBytes_);
      return;
    }
    ring_[head_] = byte;
    head_ = next;
  }

 private:
  static void count(volatile uint16_t& counter) {
    const uint16_t counted = counter;
    if (counted != 0xFFFF) counter = counted + 1;
  }

  volatile uint8_t head_ = 0;
  volatile uint8_t tail_ = 0;
  bool written_ = false;
  volatile uint16_t ringBytes_ = 0;
  volatile uint16_t overruns_ = 0;
  volatile uint8_t ring_[kRing] = {};  // in the order of head_ and tail_
};

/// An AvrUart, of the class `Uart`, as a Line, with `BoardType` for clock, epoch and restart (ArduinoBoard, or one of yours).
/// `kAnswerBytes` is the longest answer, as content.
template <class Uart, class BoardType, size_t kAnswerBytes = 64> class AvrUartLine {
 public:
  typedef Frames Framing;
  typedef BoardType Board;
  static constexpr size_t kReceiveBytes = Uart::kRingBytes;
  static constexpr size_t kMaxContentBytes = kReceiveBytes - 7;
  static constexpr size_t kReplyBytes = kAnswerBytes;
  static constexpr uint8_t kWindow = 1;
  static_assert(frameBytes(kMaxContentBytes) <= kReceiveBytes, "the receive ring holds the largest frame");

  void begin(Uart& uart) { uart_ = &uart; }
  bool available() { return uart_ && uart_->available(); }
  uint8_t read() { return uart_->read(); }
  /// Before begin() there is no line: what is said then is lost.
  void write(uint8_t byte) {
    if (uart_) uart_->write(byte);
  }
  void commit() {}
  void flush() {
    if (uart_) uart_->flush();
  }
  void setBaudRate(uint32_t baudRate) {
    if (uart_) uart_->begin(baudRate);
  }
  ReceiveLosses losses() const { return uart_ ? uart_->losses() : ReceiveLosses(); }

 private:
  Uart* uart_ = nullptr;
};

}  // namespace portwire

// A wrong vector compiles, and resets the board at the first byte.
/// The interrupt vector of USART0, which has another name where there are several USARTs.
#if defined(USART_RX_vect)
#define PORTWIRE_AVR_UART_VECTOR USART_RX_vect
#elif defined(USART0_RX_vect)
#define PORTWIRE_AVR_UART_VECTOR USART0_RX_vect
#else
#error "portwire: this chip has no USART0 whose receive vector is known"
#endif

/// The interrupt of an AvrUart, in one source file: `PORTWIRE_AVR_UART_INTERRUPT(uart)`.
#define PORTWIRE_AVR_UART_INTERRUPT(uart) \
  ISR(PORTWIRE_AVR_UART_VECTOR) { (uart).received(); }

#endif
