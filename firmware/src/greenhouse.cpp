// The greenhouse controller: a vent, a lamp, two probes and an alarm. The same source for every board.
#include "board.h"
#include "greenhouse_contract.h"

namespace {

PORTWIRE_FLASH_TEXT(kFirmwareVersion, "1.0.0");

struct Firmware : greenhouse::Contract {
  static const char* firmwareVersion() { return kFirmwareVersion; }
};

constexpr uint8_t kProbes = 2;

portwire::Device<board::Line, Firmware, portwire::AcknowledgedEvents<6, 7>, portwire::PlainEvents, portwire::Jobs<kProbes>,
                 portwire::Requests<1, 2>, portwire::Log<40>, portwire::DeadMan, portwire::RemoteReset, portwire::EndOfInput,
                 portwire::Stats, portwire::Describe>
    port;

constexpr uint32_t kSilenceMs = 10000;
constexpr uint16_t kBlinkMs = 100;
/// The alarm ends this far below its limit, so that a temperature that stays near it does not ring for ever.
constexpr float kHysteresis = 0.5f;
constexpr uint8_t kCalibrationSteps = 10;
constexpr uint16_t kCalibrationStepMs = 100;
constexpr uint8_t kZone = 0;
constexpr uint16_t kSetpointDeadlineMs = 3000;
constexpr uint32_t kSetpointEveryMs = 60000;
constexpr float kHighestSetpoint = 60;

/// Of one probe: it ends by itself when the host cancels it or begins a new session.
struct Calibration {
  greenhouse::CalibrateJob job;
  uint8_t step;
  uint32_t steppedAtMs;
  float first;
  float sumOfDeviations;
};

float ventOpen = 0;
bool lampOn = false;
bool ledOn = false;
float alarmLimit = 30;
bool alarmHigh = false;
uint16_t intervalMs = 1000;
uint32_t sampledAtMs = 0;
uint16_t blinkEdges = 0;
uint32_t blinkedAtMs = 0;
Calibration calibrations[kProbes];
bool hadSession = false;
uint32_t askedAtMs = 0;
bool leaving = false;
bool exitTold = false;

void switchLed(bool on) {
  ledOn = on;
  board::setLed(on);
}

void moveVent(float open) {
  if (open == ventOpen) return;
  ventOpen = open;
  board::setVent(open);
  port.emit(greenhouse::kVent, open);
}

void switchLamp(bool on) {
  if (on == lampOn) return;
  lampOn = on;
  board::setLamp(on);
  port.emit(greenhouse::kLamp, on);
}

void identify() { switchLed(!ledOn); }

float setVent(float open) {
  moveVent(open);
  return open;
}

bool setLamp(bool on) {
  switchLamp(on);
  return on;
}

greenhouse::ReadClimateResult readClimate() {
  const board::Climate climate = board::readProbes();
  return {climate.celsius, climate.humidity};
}

float setAlarmLimit(float celsius) { return alarmLimit = celsius; }

uint16_t setInterval(uint16_t ms) { return intervalMs = ms; }

portwire::Bytes<32> echo(portwire::Bytes<32> data) { return data; }

void blink(uint8_t times) {
  blinkEdges = static_cast<uint16_t>(2 * times);
  blinkedAtMs = board::nowMs();
}

void settle(uint16_t ms) { board::wait(ms); }

float readProbe(uint8_t probe) {
  const board::Climate climate = board::readProbes();
  return probe == 0 ? climate.celsius : climate.humidity;
}

portwire::Result<void> calibrate(greenhouse::CalibrateJob job, uint8_t probe) {
  if (calibrations[probe].job.running()) return portwire::Fail(portwire::ErrorCode::kBusy);
  calibrations[probe] = {job, 0, board::nowMs(), readProbe(probe), 0};
  return portwire::Result<void>();
}

/// The offset is how far the probe was from its first value, on average.
void stepCalibration(uint8_t probe) {
  Calibration& calibration = calibrations[probe];
  if (!calibration.job.running()) return;
  if (calibration.job.cancelled()) {
    calibration.job.fail(portwire::ErrorCode::kCancelled);
    return;
  }
  if (board::nowMs() - calibration.steppedAtMs < kCalibrationStepMs) return;
  calibration.steppedAtMs += kCalibrationStepMs;
  calibration.sumOfDeviations += readProbe(probe) - calibration.first;
  calibration.job.next(++calibration.step, kCalibrationSteps);
  if (calibration.step == kCalibrationSteps) calibration.job.finish(calibration.sumOfDeviations / kCalibrationSteps);
}

/// A host that knows no setpoint answers an error, and the limit stays as it was.
void gotSetpoint(const portwire::Answer<float>& answer) {
  if (answer.outcome != portwire::Outcome::kAnswered) return;
  if (!(answer.value >= 0 && answer.value <= kHighestSetpoint)) {
    port.log(portwire::Severity::kWarning, "setpoint out of range");
    return;
  }
  alarmLimit = answer.value;
  port.log(portwire::Severity::kInfo, "setpoint is the alarm limit");
}

/// Once after each start of a session, and then once a minute.
void askSetpoint(uint32_t nowMs) {
  const bool hasSession = port.inSession();
  const bool isDue = hasSession && (!hadSession || nowMs - askedAtMs >= kSetpointEveryMs);
  hadSession = hasSession;
  if (isDue && port.ask(greenhouse::kGetSetpoint, kSetpointDeadlineMs, gotSetpoint, kZone)) askedAtMs = nowMs;
}

/// The host is gone: nothing grows under a lamp that nobody watches, and a shut vent keeps the frost out.
void safeState() {
  moveVent(0);
  switchLamp(false);
  port.log(portwire::Severity::kWarning, "host silent: vent shut, lamp off");
}

void endOfInput() { leaving = true; }

void sample() {
  const board::Climate climate = board::readProbes();
  port.emit(greenhouse::kReading, climate.celsius, climate.humidity);
  const bool high = alarmHigh ? climate.celsius > alarmLimit - kHysteresis : climate.celsius > alarmLimit;
  if (high == alarmHigh) return;
  alarmHigh = high;
  board::setAlarmLed(high);
  // One that finds no place is counted, and the host is told.
  portwire::ignore(port.emit(greenhouse::kAlarm, climate.celsius, high));
}

/// What runs is finished first. EXIT is the last of the events; once it is acknowledged there is nothing left to say.
void leaveWhenTold() {
  if (!exitTold)
    exitTold = port.unfinishedJobs() == 0 && port.exit(0);
  else if (port.keptEvents() == 0) {
    leaving = exitTold = false;
    board::leave(0);
  }
}

}  // namespace

void setup() {
  board::begin();
  port.on(greenhouse::kIdentify, identify);
  port.on(greenhouse::kSetVent, setVent);
  port.on(greenhouse::kSetLamp, setLamp);
  port.on(greenhouse::kReadClimate, readClimate);
  port.on(greenhouse::kSetAlarmLimit, setAlarmLimit);
  port.on(greenhouse::kSetInterval, setInterval);
  port.on(greenhouse::kEcho, echo);
  port.on(greenhouse::kBlink, blink);
  port.on(greenhouse::kSettle, settle);
  port.on(greenhouse::kCalibrate, calibrate);
  port.deadMan(kSilenceMs, safeState);
  port.onEndOfInput(endOfInput);
  board::start(port);
}

void loop() {
  const uint32_t nowMs = board::nowMs();
  if (nowMs - sampledAtMs >= intervalMs) {
    sampledAtMs = nowMs;
    sample();
  }
  if (blinkEdges != 0 && nowMs - blinkedAtMs >= kBlinkMs) {
    blinkedAtMs = nowMs;
    --blinkEdges;
    switchLed(!ledOn);
  }
  for (uint8_t probe = 0; probe < kProbes; ++probe) stepCalibration(probe);
  askSetpoint(nowMs);
  if (leaving) leaveWhenTold();
  port.poll();
  board::idle(port);
}
