// One handler more than one_handler.cpp, of another type: what a typed handler costs.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, uint16_t(uint16_t, int8_t)> kAdd = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}
static uint16_t add(uint16_t a, int8_t b) { return static_cast<uint16_t>(a + b); }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kAdd, add);
  port.begin(Serial);
}

void loop() { port.poll(); }
