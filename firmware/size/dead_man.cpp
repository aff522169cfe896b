// one_handler.cpp with DeadMan: the lamp goes out when the host is silent.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static void safeState() { PORTB &= 0xFE; }

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::DeadMan> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.deadMan(3000, safeState);
  port.begin(Serial);
}

void loop() { port.poll(); }
