// one_handler.cpp with one request: what asking the host costs.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Request<1, bool(uint8_t)> kGetLamp = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static void gotLamp(const portwire::Answer<bool>& answer) {
  if (answer.outcome == portwire::Outcome::kAnswered) setLamp(answer.value);
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::Requests<1, 2>> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.begin(Serial);
}

void loop() {
  if (port.waitingRequests() == 0) portwire::ignore(port.ask(kGetLamp, 3000, gotLamp, PORTB));
  port.poll();
}
