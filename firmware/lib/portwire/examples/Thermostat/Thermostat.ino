// A heater that keeps the temperature its host asks for; the host program is docs/examples/thermostat.ts.
//
// Here the board asks: a request with a deadline, and what to do is decided by its outcome. Without a setpoint for ten seconds,
// whatever the reason, the heater is off.
#include <portwire.h>

#include "thermostat_contract.h"

static portwire::Device<portwire::ArduinoLine<decltype(Serial)>, thermostat::Contract, portwire::PlainEvents,
                        portwire::Requests<1, 1>>
    port;

constexpr uint8_t kHeaterPin = 6;
constexpr uint32_t kAskEveryMs = 1000;
constexpr uint16_t kDeadlineMs = 800;
constexpr uint32_t kValidMs = 10000;
constexpr float kHysteresis = 0.3f;
constexpr float kLowest = 5, kHighest = 30;  // nothing else is obeyed

static float setpoint = 0;
static bool known = false;
static bool heating = false;
static uint32_t answeredMs = 0;
static uint32_t askedMs = 0;

/// TMP36 at A0 of a 5 V board: 500 mV at 0 degrees Celsius, 10 mV for each degree.
static float readCelsius() { return (static_cast<float>(analogRead(A0)) * (5000.0f / 1024) - 500) / 10; }

static thermostat::ReadResult read() { return {readCelsius(), heating}; }

static void gotSetpoint(const portwire::Answer<float>& answer) {
  if (answer.outcome != portwire::Outcome::kAnswered) return;
  if (!(answer.value >= kLowest && answer.value <= kHighest)) return;  // not a number is out of range too
  setpoint = answer.value;
  known = true;
  answeredMs = millis();
}

static void askSetpoint(uint32_t nowMs) {
  if (!port.inSession() || nowMs - askedMs < kAskEveryMs) return;
  if (port.ask(thermostat::kSetpoint, kDeadlineMs, gotSetpoint)) askedMs = nowMs;
}

static void heat(uint32_t nowMs) {
  if (nowMs - answeredMs >= kValidMs) known = false;
  const float celsius = readCelsius();
  const bool on = known && celsius < (heating ? setpoint + kHysteresis : setpoint - kHysteresis);
  if (on == heating) return;
  heating = on;
  digitalWrite(kHeaterPin, on ? HIGH : LOW);
  port.emit(thermostat::kHeater, on, celsius);
}

void setup() {
  pinMode(kHeaterPin, OUTPUT);
  digitalWrite(kHeaterPin, LOW);
  Serial.begin(115200);
  port.on(thermostat::kRead, read);
  port.begin(Serial);
}

void loop() {
  const uint32_t nowMs = millis();
  askSetpoint(nowMs);
  heat(nowMs);
  port.poll();
}
