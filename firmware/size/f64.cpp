// one_handler.cpp with an action more that takes and answers an f64, which an AVR keeps as its bits.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, portwire::Float64(portwire::Float64)> kTell = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::Float64 tell(portwire::Float64 number) { return number; }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kTell, tell);
  port.begin(Serial);
}

void loop() { port.poll(); }
