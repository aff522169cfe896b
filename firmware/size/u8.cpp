// one_handler.cpp with an action more that takes and answers a u8: what the rows of other types are compared with.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, uint8_t(uint8_t)> kStep = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static uint8_t step(uint8_t number) { return number; }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kStep, step);
  port.begin(Serial);
}

void loop() { port.poll(); }
