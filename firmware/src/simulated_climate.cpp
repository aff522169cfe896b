#if !defined(ARDUINO)

#include "simulated_climate.h"

namespace board {
namespace {

constexpr uint32_t kStepMs = 100;
constexpr uint32_t kDayMs = 120000;  // a short one, so that a test sees the temperature move

/// 0 at midnight, 1 at noon, straight between them.
float daylight(uint32_t ms) {
  const uint32_t hour = ms % kDayMs;
  return static_cast<float>(hour < kDayMs / 2 ? hour : kDayMs - hour) / static_cast<float>(kDayMs / 2);
}

}  // namespace

/// Each step goes 1 % of the way to where daylight, lamp and vent would bring it.
void SimulatedClimate::step(uint32_t ms) {
  const float celsius = 21 + 6 * daylight(ms) + 4 * lampIsOn_ - 8 * ventIsOpen_;
  const float humidity = 55 - 10 * daylight(ms) - 15 * ventIsOpen_;
  climate_.celsius += (celsius - climate_.celsius) * 0.01f;
  climate_.humidity += (humidity - climate_.humidity) * 0.01f;
}

Climate SimulatedClimate::at(uint32_t nowMs) {
  for (; nowMs - simulatedToMs_ >= kStepMs; simulatedToMs_ += kStepMs) step(simulatedToMs_);
  return climate_;
}

}  // namespace board

#endif
