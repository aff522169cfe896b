// one_handler.cpp with BaudRates: what a line costs that the host can raise.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::BaudRates<115200, 1000000, 250000>> port;

void setup() {
  port.on(kSetLamp, setLamp);
  port.begin(Serial);
}

void loop() { port.poll(); }
