// one_handler.cpp with an action more that takes a u8 and answers a struct of three.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
struct MixResult {
  uint8_t red;
  uint8_t green;
  uint8_t blue;
  static constexpr uint8_t kFields = 3;
  template <class Visitor> void eachField(const Visitor& visit) const {
    visit(red);
    visit(green);
    visit(blue);
  }
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, MixResult(uint8_t)> kMix = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static MixResult mix(uint8_t white) {
  const MixResult result = {white, white, white};
  return result;
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kMix, mix);
  port.begin(Serial);
}

void loop() { port.poll(); }
