// one_handler.cpp with one acknowledged event, and places for four.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
  static constexpr uint8_t kIndexes = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::AcknowledgedEvent<1, uint8_t> kSwitched = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::AcknowledgedEvents<4>> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.begin(Serial);
}

void loop() {
  static uint8_t before;
  if (PINB != before) portwire::ignore(port.emit(kSwitched, before = PINB));
  port.poll();
}
