// Not a size: the library's own UART, whose losses STATS tells: loop() is away for a while, and interrupts are off for a while.
#include <Arduino.h>
#include <portwire.h>
#include <portwire/line_avr_uart.h>
#include <util/delay.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(uint16_t)> kBlock = {};
constexpr portwire::Action<1, void()> kDeafen = {};

static portwire::AvrUart<> uart;
PORTWIRE_AVR_UART_INTERRUPT(uart)
static portwire::Device<portwire::AvrUartLine<portwire::AvrUart<>, portwire::ArduinoBoard>, Contract, portwire::Stats> port;

static void block(uint16_t ms) { delay(ms); }

/// 870 us is ten bytes at 115,200 baud; the hardware holds three.
static void deafen() {
  _delay_ms(5);  // the answer to come is not what is lost
  cli();
  _delay_us(870);
  sei();
}

void setup() {
  uart.begin(115200);
  port.on(kBlock, block);
  port.on(kDeafen, deafen);
  port.begin(uart);
}

void loop() { port.poll(); }
