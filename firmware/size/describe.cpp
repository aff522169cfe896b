// one_handler.cpp with Describe: what the descriptor, without its text, costs.
#include <Arduino.h>
#include <portwire.h>

PORTWIRE_FLASH_TEXT(kDescriptor, "x\n");
struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
  static constexpr uint16_t kDescriptorBytes = sizeof kDescriptor - 1;
  static const char* descriptor() { return kDescriptor; }
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::Describe> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.begin(Serial);
}

void loop() { port.poll(); }
