// One handler more than two_handlers.cpp: what a typed handler costs when its types are in use already.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 3;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, uint16_t(uint16_t, int8_t)> kAdd = {};
constexpr portwire::Action<2, uint32_t(uint32_t, uint8_t)> kShift = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}
static uint16_t add(uint16_t a, int8_t b) { return static_cast<uint16_t>(a + b); }
static uint32_t shift(uint32_t bits, uint8_t by) { return bits << (by & 31); }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kAdd, add);
  port.on(kShift, shift);
  port.begin(Serial);
}

void loop() { port.poll(); }
