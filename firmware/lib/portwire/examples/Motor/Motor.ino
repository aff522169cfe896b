// A stepper motor behind a driver with STEP, DIR and ENABLE; the host program is docs/examples/motor.ts.
//
// A move takes long, so it is a job: the call returns at once, the steps are made in loop(), and the host can cancel it. When the
// host falls silent, the dead-man stops the motor; a new session ends the job, and with it the move.
#include <portwire.h>

#include "motor_contract.h"

static portwire::Device<portwire::ArduinoLine<decltype(Serial)>, motor::Contract, portwire::Jobs<1>, portwire::DeadMan> port;

constexpr uint8_t kStepPin = 3;
constexpr uint8_t kDirectionPin = 4;
constexpr uint8_t kEnablePin = 5;  // low: the coils are powered
constexpr uint32_t kSilenceMs = 3000;
constexpr int32_t kTellEvery = 100;

static motor::MoveToJob job;
static int32_t position = 0;
static int32_t target = 0;
static uint32_t stepUs = 0;
static uint32_t steppedUs = 0;

static int32_t tellPosition() { return position; }

static portwire::Result<void> moveTo(motor::MoveToJob newJob, int32_t newTarget, uint16_t stepsPerSecond) {
  if (stepsPerSecond == 0 || stepsPerSecond > 1000) return portwire::Fail(16);
  if (job.running()) return portwire::Fail(portwire::ErrorCode::kBusy);
  job = newJob;
  target = newTarget;
  stepUs = 1000000UL / stepsPerSecond;
  steppedUs = micros();
  digitalWrite(kEnablePin, LOW);
  return portwire::Result<void>();
}

static void step() {
  const bool up = target > position;
  digitalWrite(kDirectionPin, up ? HIGH : LOW);
  digitalWrite(kStepPin, HIGH);
  delayMicroseconds(2);  // the shortest pulse of common drivers (DRV8825: 1.9 us)
  digitalWrite(kStepPin, LOW);
  position += up ? 1 : -1;
  if (position % kTellEvery == 0) job.next(position);
}

static void move(uint32_t nowUs) {
  if (!job.running()) {  // none, or the host has begun a new session
    digitalWrite(kEnablePin, HIGH);
  } else if (job.cancelled()) {
    job.fail(portwire::ErrorCode::kCancelled);
  } else if (position == target) {
    job.finish(position);
  } else if (nowUs - steppedUs >= stepUs) {
    steppedUs += stepUs;
    step();
  }
}

/// Nobody watches any more. The job's end is told when the host is back in the same session.
static void hostIsSilent() {
  digitalWrite(kEnablePin, HIGH);
  job.fail(portwire::ErrorCode::kCancelled);
}

void setup() {
  pinMode(kStepPin, OUTPUT);
  pinMode(kDirectionPin, OUTPUT);
  pinMode(kEnablePin, OUTPUT);
  digitalWrite(kEnablePin, HIGH);
  Serial.begin(115200);
  port.on(motor::kMoveTo, moveTo);
  port.on(motor::kPosition, tellPosition);
  port.deadMan(kSilenceMs, hostIsSilent);
  port.begin(Serial);
}

void loop() {
  move(micros());
  port.poll();
}
