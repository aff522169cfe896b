// jobs.cpp and requests.cpp together: they share their lane.
#include <Arduino.h>
#include <portwire.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 2;
};
constexpr portwire::Action<0, void(bool)> kSetLamp = {};
constexpr portwire::Action<1, uint8_t(bool), portwire::Fields<uint8_t, uint8_t>> kCount = {};
constexpr portwire::Request<2, bool(uint8_t)> kGetLamp = {};

static void setLamp(bool on) {
  if (on) PORTB |= 1; else PORTB &= 0xFE;
}

static void gotLamp(const portwire::Answer<bool>& answer) {
  if (answer.outcome == portwire::Outcome::kAnswered) setLamp(answer.value);
}

static portwire::JobOf<decltype(kCount)> job;
static uint8_t counted;

static void count(portwire::JobOf<decltype(kCount)> begun, bool) {
  job = begun;
  counted = 0;
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, Contract, portwire::Jobs<1>, portwire::Requests<1, 2>> port;

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
  if (port.waitingRequests() == 0) portwire::ignore(port.ask(kGetLamp, 3000, gotLamp, PORTB));
  port.poll();
}
