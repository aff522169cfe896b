// one_handler.cpp with an action more whose argument has a range: what the check and its words cost.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
  static constexpr bool kHasRanges = true;
};
struct Percent {
  static uint8_t smallest() { return 5; }
  static uint8_t largest() { return 95; }
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, void(portwire::InRange<uint8_t, Percent>)> kDim = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static void dim(uint8_t percent) { PORTB = percent; }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kDim, dim);
  port.begin(Serial);
}

void loop() { port.poll(); }
