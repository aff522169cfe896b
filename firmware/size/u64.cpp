// one_handler.cpp with an action more that takes and answers a u64: what 64-bit integers cost.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, uint64_t(uint64_t)> kCount = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static uint64_t count(uint64_t number) { return number; }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kCount, count);
  port.begin(Serial);
}

void loop() { port.poll(); }
