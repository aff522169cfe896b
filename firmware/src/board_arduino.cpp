// The greenhouse on an Arduino board. Lamp, vent and alarm LED drive through transistors; the probes are analogue.
#if defined(ARDUINO)

#include "board.h"

namespace board {
namespace {

constexpr uint8_t kAlarmPin = 7;
constexpr uint8_t kLampPin = 8;
constexpr uint8_t kVentPin = 9;  // PWM
#if defined(LED_BUILTIN)
constexpr uint8_t kLedPin = LED_BUILTIN;  // 13 on the Uno
#else
constexpr uint8_t kLedPin = 2;
#endif

constexpr float kSupplyMv = 5000;
constexpr float kSteps = 1024;  // result = voltage * 1024 / supply: ATmega328P data sheet, 24.7

}  // namespace

void begin() {
  const uint8_t outputs[] = {kAlarmPin, kLampPin, kVentPin, kLedPin};
  for (uint8_t pin : outputs) {
    pinMode(pin, OUTPUT);
    digitalWrite(pin, LOW);
  }
}

uint32_t nowMs() { return millis(); }

void wait(uint16_t ms) { delay(ms); }

/// A0: TMP36, 500 mV at 0 degrees Celsius and 10 mV for each degree. A1: a humidity probe with a linear output, 0 V at 0 % and
/// the supply's 5 V at 100 % relative humidity. Takes 0.2 ms.
Climate readProbes() {
  const float millivolts = static_cast<float>(analogRead(A0)) * (kSupplyMv / kSteps);
  const float share = static_cast<float>(analogRead(A1)) * (100 / kSteps);
  return {(millivolts - 500) / 10, share};
}

void setVent(float open) { analogWrite(kVentPin, static_cast<int>(open * 255 + 0.5f)); }
void setLamp(bool on) { digitalWrite(kLampPin, on ? HIGH : LOW); }
void setLed(bool on) { digitalWrite(kLedPin, on ? HIGH : LOW); }
void setAlarmLed(bool on) { digitalWrite(kAlarmPin, on ? HIGH : LOW); }
void leave(uint8_t) {}

}  // namespace board

#endif
