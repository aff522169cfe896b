// Teensy 4: the reset status of the i.MX RT1062 by its register, the epoch from a counter in the core's emulated EEPROM.
#if defined(ARDUINO) && defined(TEENSYDUINO) && defined(__IMXRT1062__)

#include <avr/eeprom.h>

#include "board_arduino.h"
#include "epoch_cells.h"

namespace portwire {
namespace {

/// At the end of the EEPROM, out of the way of what a sketch keeps at its start. The core spreads its writes over flash sectors.
struct Eeprom {
  static constexpr uint8_t kCells = 2;
  static void* cellAt(uint8_t cell) {
    return reinterpret_cast<void*>(static_cast<uintptr_t>(E2END + 1 - (kCells - cell) * kEpochCellBytes));
  }
  bool read(uint8_t cell, uint8_t (&bytes)[kEpochCellBytes]) {
    eeprom_read_block(bytes, cellAt(cell), kEpochCellBytes);
    return true;
  }
  bool write(uint8_t cell, const uint8_t (&bytes)[kEpochCellBytes]) {
    eeprom_write_block(bytes, cellAt(cell), kEpochCellBytes);
    return true;
  }
};

/// i.MX RT1060 reference manual, 21.8.3: SRC_SRSR; a bit is cleared by writing a one.
ResetCause readResetCause() {
  const uint32_t flags = SRC_SRSR;
  SRC_SRSR = flags;
  if (flags & (1u << 0)) return ResetCause::kPowerOn;                // IPP_RESET_B
  if (flags & (1u << 1)) return ResetCause::kSoftware;               // LOCKUP_SYSRESETREQ
  if (flags & ((1u << 4) | (1u << 7))) return ResetCause::kWatchdog;  // WDOG_RST_B, WDOG3_RST_B
  if (flags & (1u << 3)) return ResetCause::kExternal;               // IPP_USER_RESET_B
  return ResetCause::kUnknown;
}

}  // namespace

/// A flash that no longer keeps what is written leaves numbers that an earlier boot may have had, by a chance of one in 2^32.
uint32_t ArduinoBoard::nextEpoch() {
  const uint32_t first = micros() * 0x01000193u ^ static_cast<uint32_t>(analogRead(A0)) << 20 ^ HW_OCOTP_MAC0;
  uint32_t epoch = first;
  Eeprom eeprom;
  countEpoch<Eeprom::kCells>(eeprom, first, &epoch);
  return epoch;
}

ResetCause ArduinoBoard::resetCause() {
  static const ResetCause cause = readResetCause();
  return cause;
}

void ArduinoBoard::restart() {
  SCB_AIRCR = 0x05FA0004;
  for (;;) {
  }
}

}  // namespace portwire

#endif
