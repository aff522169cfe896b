// one_handler.cpp with an action more that takes and answers an array: what arrays cost.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, portwire::Array<uint16_t, 8>(portwire::Array<uint16_t, 8>)> kCurve = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::Array<uint16_t, 8> curve(const portwire::Array<uint16_t, 8>& points) { return points; }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kCurve, curve);
  port.begin(Serial);
}

void loop() { port.poll(); }
