// one_handler_uart.cpp with BaudRates.
#include <Arduino.h>
#include <portwire.h>
#include <portwire/line_avr_uart.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::AvrUart<> uart;
PORTWIRE_AVR_UART_INTERRUPT(uart)
static portwire::Device<portwire::AvrUartLine<portwire::AvrUart<>, portwire::ArduinoBoard>, Contract,
                        portwire::BaudRates<115200, 1000000, 250000>>
    port;

void setup() {
  port.on(kSetLamp, setLamp);
  port.begin(uart);
}

void loop() { port.poll(); }
