// one_handler.cpp with an action more that goes on as a job: what jobs cost.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, uint8_t(bool), portwire::Fields<uint8_t, uint8_t>> kCount = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static portwire::JobOf<decltype(kCount)> job;
static uint8_t counted;

static void count(portwire::JobOf<decltype(kCount)> begun, bool) {
  job = begun;
  counted = 0;
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::Jobs<1>> port;

void setup() {
  Serial.begin(115200);
  port.on(kSetLamp, setLamp);
  port.on(kCount, count);
  port.begin(Serial);
}

void loop() {
  if (job.running()) {
    job.next(++counted, 200);
    if (job.cancelled()) job.fail(portwire::ErrorCode::kCancelled);
    else if (counted == 200) job.finish(counted);
  }
  port.poll();
}
