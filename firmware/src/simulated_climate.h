// A climate for boards without probes: daylight, lamp and vent move it.
#ifndef SIMULATED_CLIMATE_H
#define SIMULATED_CLIMATE_H

#include "board.h"

namespace board {

/// Starts at 21 degrees Celsius and 55 % relative humidity. A day has two minutes.
class SimulatedClimate {
 public:
  void setVent(float open) { ventIsOpen_ = open; }
  void setLamp(bool on) { lampIsOn_ = on ? 1 : 0; }
  /// Brings it to this time, and tells it.
  Climate at(uint32_t nowMs);

 private:
  void step(uint32_t ms);

  float ventIsOpen_ = 0;
  float lampIsOn_ = 0;
  Climate climate_ = {21, 55};
  uint32_t simulatedToMs_ = 0;
};

}  // namespace board

#endif
