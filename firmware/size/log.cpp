// one_handler.cpp with Log and one line that it says.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::Log<>> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.begin(Serial);
}

void loop() {
  static uint8_t before;
  if (PINB != before) port.log(portwire::Severity::kNotice, F("switched"));
  before = PINB;
  port.poll();
}
