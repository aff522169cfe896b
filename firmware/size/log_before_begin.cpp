// Not a size: a log before there is a line, over the library's own UART, and texts in flash that are cut.
#include <Arduino.h>
#include <portwire.h>
#include <portwire/line_avr_uart.h>

static portwire::AvrUart<> uart;
PORTWIRE_AVR_UART_INTERRUPT(uart)
static portwire::Device<portwire::AvrUartLine<portwire::AvrUart<>, portwire::ArduinoBoard>, portwire::ContractBase, portwire::Log<8>,
                        portwire::RemoteReset>
    port;

void setup() {
  // Through a null pointer the UART's own members would be the chip's registers, which stand at address 0: `written_` is r2.
  uint8_t kept;
  __asm__ volatile("ldi r24, 0x55\n mov r2, r24" ::: "r24", "r2");
  port.log(portwire::Severity::kError, "nobody hears this");
  port.poll();
  __asm__ volatile("mov %0, r2" : "=r"(kept));
  uart.begin(115200);
  port.begin(uart);
  port.log(portwire::Severity::kNotice, kept == 0x55 ? "kept" : "spoilt");
  // The degree sign has two bytes: at the eighth the first text would be cut inside it.
  port.log(portwire::Severity::kNotice, F("1234567\xC2\xB0" "C"));
  port.log(portwire::Severity::kNotice, F("123456\xC2\xB0"));
  port.log(portwire::Severity::kNotice, F("123456\xC2\xB0" "C"));
}

void loop() { port.poll(); }
