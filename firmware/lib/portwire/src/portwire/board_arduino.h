// What the session asks of a board that runs an Arduino core. One board_*.cpp each implements it; for another core a program may do
// so itself, and says PORTWIRE_OWN_ARDUINO_BOARD.
#ifndef PORTWIRE_BOARD_ARDUINO_H
#define PORTWIRE_BOARD_ARDUINO_H

#include <Arduino.h>

#include "protocol.h"

#if !defined(ARDUINO_ARCH_AVR) && !defined(ARDUINO_ARCH_ESP32) && !defined(ARDUINO_ARCH_RP2040) && \
    !defined(ARDUINO_ARCH_STM32) && !(defined(TEENSYDUINO) && defined(__IMXRT1062__)) && !defined(PORTWIRE_OWN_ARDUINO_BOARD)
#error "portwire: this core has no board_*.cpp yet; define PORTWIRE_OWN_ARDUINO_BOARD and the functions of ArduinoBoard yourself"
#endif
#if defined(PICO_RP2350)
#error "portwire: the addresses of the RP2040 are not those of the RP2350; give your Line a Board of your own"
#endif

namespace portwire {

/// An Arduino core as a Board: what the session asks of it.
struct ArduinoBoard {
  /// Milliseconds since boot; wraps round at 2^32.
  static uint32_t nowMs() { return millis(); }
  /// A number that no earlier boot of this device had. Call it once a boot.
  static uint32_t nextEpoch();
  /// Why this boot came about, as far as chip and bootloader tell.
  static ResetCause resetCause();
  /// Restarts the application; the next boot's cause is kSoftware. Does not return.
  static void restart();
};

}  // namespace portwire

#endif
