// A sensor whose measurements must not be lost, and a pump that must not run unwatched; the host program is
// docs/examples/sensor-node.ts.
//
// Acknowledged events are kept until the host has stored them. When they are more than the board can keep, the oldest stay, the
// new ones are dropped and counted: Stats tells the host how many.
#include <portwire.h>

#include "sensor_node_contract.h"

static portwire::Device<portwire::ArduinoLine<decltype(Serial)>, sensor_node::Contract,
                        portwire::AcknowledgedEvents<16, 9>, portwire::Log<40>, portwire::DeadMan, portwire::Stats>
    port;

constexpr uint8_t kPumpPin = 7;
constexpr uint32_t kSilenceMs = 5000;

static uint16_t intervalMs = 1000;
static uint32_t measuredMs = 0;
static bool dropping = false;

static bool setPump(bool on) {
  digitalWrite(kPumpPin, on ? HIGH : LOW);
  return on;
}

static portwire::Result<uint16_t> setInterval(uint16_t ms) {
  if (ms < 10 || ms > 60000) return portwire::Fail(16);
  return intervalMs = ms;
}

static void measure(uint32_t nowMs) {
  if (nowMs - measuredMs < intervalMs) return;
  measuredMs = nowMs;
  const bool kept = port.emit(sensor_node::kMeasured, nowMs, static_cast<uint16_t>(analogRead(A0)));
  if (!kept && !dropping) port.log(portwire::Severity::kWarning, F("measurements are being dropped"));
  dropping = !kept;
}

static void hostIsSilent() {
  digitalWrite(kPumpPin, LOW);
  port.log(portwire::Severity::kError, F("host silent: pump off"));
}

void setup() {
  pinMode(kPumpPin, OUTPUT);
  digitalWrite(kPumpPin, LOW);
  Serial.begin(115200);
  port.on(sensor_node::kSetPump, setPump);
  port.on(sensor_node::kSetInterval, setInterval);
  port.deadMan(kSilenceMs, hostIsSilent);
  port.begin(Serial);
  port.log(portwire::Severity::kInfo, F("sensor node has booted"));
}

void loop() {
  measure(millis());
  port.poll();
}
