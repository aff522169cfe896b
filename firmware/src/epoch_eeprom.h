// The epoch as a counter in an AT24C32 on I2C0: two cells in turn, so that a write that a power cut tears spoils only the older one.
#ifndef EPOCH_EEPROM_H
#define EPOCH_EEPROM_H

#include <stdint.h>

namespace board {

/// A cell stands a million writes (AT24C32D data sheet, 1), and two of them two million boots.
struct EpochEeprom {
  /// A number that no earlier boot had, written before it is told. False when the EEPROM does not answer.
  static bool next(uint32_t* epoch);
};

}  // namespace board

#endif
