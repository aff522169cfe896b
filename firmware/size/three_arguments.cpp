// one_handler.cpp with an action more of three u8, each a parameter of its handler: what struct_argument.cpp is compared with.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, uint8_t(uint8_t, uint8_t, uint8_t)> kMix = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static uint8_t mix(uint8_t red, uint8_t green, uint8_t blue) { return static_cast<uint8_t>(red ^ green ^ blue); }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kMix, mix);
  port.begin(Serial);
}

void loop() { port.poll(); }
