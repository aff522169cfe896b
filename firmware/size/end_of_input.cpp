// one_handler.cpp with EndOfInput: the lamp goes out when the host has said all.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static void atEnd() { PORTB &= 0xFE; }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::EndOfInput> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.onEndOfInput(atEnd);
  port.begin(Serial);
}

void loop() { port.poll(); }
