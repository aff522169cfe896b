// What the session asks of a board that runs an Arduino core. One board_*.cpp each implements it.
#ifndef PORTWIRE_BOARD_ARDUINO_H
#define PORTWIRE_BOARD_ARDUINO_H

#include <Arduino.h>

#include "protocol.h"

namespace portwire {

struct ArduinoBoard {
  static uint32_t nowMs() { return millis(); }
  /// A number that no earlier boot of this device had. Call it once a boot.
  static uint32_t nextEpoch();
  static ResetCause resetCause();
  /// Restarts the application; the next boot's cause is kSoftware. Does not return.
  static void restart();
};

}  // namespace portwire

#endif
