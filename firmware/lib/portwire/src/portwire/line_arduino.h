// Lines of the Arduino cores. A Line gives the session its bytes, its framing and sizes, and its board:
//
//   typedef ... Framing;                          Frames or Packets
//   typedef ... Board;                            nowMs(), nextEpoch(), resetCause(), restart(); all static
//   static constexpr size_t kReceiveBytes;        what the receive ring holds while loop() is busy; 0: no limit
//   static constexpr size_t kMaxContentBytes;     the longest content taken
//   static constexpr size_t kReplyBytes;          the longest answer, as content; one such buffer for each place of the window
//   static constexpr uint8_t kWindow;             calls taken unanswered; the ring must hold them all
//   void begin(...)                               what Device::begin was given
//   bool available()                              a byte can be read
//   uint8_t read()                                the next byte; only after available() said that there is one
//   void write(uint8_t)                           may wait for room
//   void commit()                                 a message is complete
//   void flush()                                  waits until all is sent
//   void setBaudRate(uint32_t)                    for BaudRates only; nothing is being sent then
//   ReceiveLosses losses() const                  only where the line can know: what it lost, for STATS
#ifndef PORTWIRE_LINE_ARDUINO_H
#define PORTWIRE_LINE_ARDUINO_H

#include <Arduino.h>

#include "board_arduino.h"
#include "frame.h"

namespace portwire {

namespace detail {

template <size_t kRingBytes, size_t kAnswerBytes> struct ArduinoSizes {
  typedef Frames Framing;
  typedef ArduinoBoard Board;
  static constexpr size_t kReceiveBytes = kRingBytes;
  /// The largest frame fills the ring, so an overrun cannot happen however long loop() blocks.
  static constexpr size_t kMaxContentBytes = kRingBytes < 256 ? kRingBytes - 7 : 249;
  static constexpr size_t kReplyBytes = kAnswerBytes;
  static constexpr uint8_t kWindow = 1;
  static_assert(frameBytes(kMaxContentBytes) <= kRingBytes, "the receive ring holds the largest frame");
};

}  // namespace detail

/// A UART of an Arduino core by its own class `Uart`, so that no call is virtual: `ArduinoLine<decltype(Serial)>`, and so too
/// SoftwareSerial, a port over USB, or a class of yours that has available(), read(), write(uint8_t) and flush().
/// availableForWrite(), which not every core has, is not called: write() waits for room, or drops the byte as a noisy line would.
/// `kRingBytes` is what the core's receive ring holds: 63 of the 64 bytes of the classic boards. `kAnswerBytes` is the longest
/// answer, as content; it is kept in RAM, as the longest content is.
template <class Uart, size_t kRingBytes = 63, size_t kAnswerBytes = 64>
class ArduinoLine : public detail::ArduinoSizes<kRingBytes, kAnswerBytes> {
 public:
  void begin(Uart& uart) { uart_ = &uart; }
  bool available() { return uart_ && uart_->Uart::available() > 0; }
  uint8_t read() { return static_cast<uint8_t>(uart_->Uart::read()); }
  /// Before begin() there is no line: what is said then is lost.
  void write(uint8_t byte) {
    if (uart_) uart_->Uart::write(byte);
  }
  void commit() {}
  void flush() {
    if (uart_) uart_->Uart::flush();
  }
  /// The cores set all up anew; what has been received stays in their ring.
  void setBaudRate(uint32_t baudRate) {
    if (uart_) uart_->Uart::begin(baudRate);
  }

 private:
  Uart* uart_ = nullptr;
};

/// Any Stream, chosen when the program runs: virtual calls, so a little slower and larger. `kRingBytes` and `kAnswerBytes` are
/// those of ArduinoLine.
template <size_t kRingBytes = 63, size_t kAnswerBytes = 64>
class StreamLine : public detail::ArduinoSizes<kRingBytes, kAnswerBytes> {
 public:
  void begin(Stream& stream) { stream_ = &stream; }
  bool available() { return stream_ && stream_->available() > 0; }
  uint8_t read() { return static_cast<uint8_t>(stream_->read()); }
  void write(uint8_t byte) {
    if (stream_) stream_->write(byte);
  }
  void commit() {}
  void flush() {
    if (stream_) stream_->flush();
  }

 private:
  Stream* stream_ = nullptr;
};

}  // namespace portwire

#endif
