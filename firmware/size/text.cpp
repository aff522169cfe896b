// one_handler.cpp with an action more that takes and answers a text.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, portwire::Text<16>(portwire::Text<16>)> kEcho = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::Text<16> echo(portwire::Text<16> name) { return name; }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kEcho, echo);
  port.begin(Serial);
}

void loop() { port.poll(); }
