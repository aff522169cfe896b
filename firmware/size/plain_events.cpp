// one_handler.cpp with one plain event: what the host may listen to.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
  static constexpr uint8_t kIndexes = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Event<1, uint8_t> kSwitched = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::PlainEvents> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.begin(Serial);
}

void loop() {
  static uint8_t before;
  if (PINB != before) port.emit(kSwitched, before = PINB);
  port.poll();
}
