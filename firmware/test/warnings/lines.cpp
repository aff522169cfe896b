// The lines of the Arduino cores by every class that a core gives a UART, and the AVR's own. It is compiled, never run.
#include <Arduino.h>
#include <SoftwareSerial.h>
#include <portwire.h>

#if defined(UBRR0)
#include <portwire/line_avr_uart.h>
#endif

namespace {

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr portwire::Action<0, uint8_t(uint8_t)> kEcho = {};

/// Bytes of anything: not a Stream, and no availableForWrite().
struct Radio {
  int available() { return 0; }
  int read() { return -1; }
  size_t write(uint8_t) { return 1; }
  void flush() {}
};

template <class Line, class Uart> void serve(Uart& uart) {
  static portwire::Device<Line, Contract, portwire::Log<>> port;
  port.on(kEcho, [](uint8_t number) { return number; });
  port.begin(uart);
  port.poll();
  port.log(portwire::Severity::kNotice, F("flash"));
}

Radio radio;
#if defined(UBRR0)
portwire::AvrUart<> uart;
PORTWIRE_AVR_UART_INTERRUPT(uart)
#endif
SoftwareSerial software(2, 3);

}  // namespace

void setup() {
  serve<portwire::ArduinoLine<decltype(Serial)>>(Serial);
  serve<portwire::ArduinoLine<SoftwareSerial>>(software);
  serve<portwire::ArduinoLine<Radio>>(radio);
  serve<portwire::StreamLine<>>(Serial);
  serve<portwire::StreamLine<>>(software);
#if defined(UBRR0)
  uart.begin(115200);
  serve<portwire::AvrUartLine<portwire::AvrUart<>, portwire::ArduinoBoard>>(uart);
#endif
}

void loop() {}
