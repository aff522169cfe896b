// ATmega boards: the reset cause from MCUSR, the epoch from a counter in EEPROM, the restart through the watchdog.
#if defined(ARDUINO) && defined(__AVR__)

#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>

#include "board_arduino.h"
#include "epoch_cells.h"

namespace portwire {
namespace {

// They survive a reset; at power-on they hold anything.
uint8_t resetFlags __attribute__((section(".noinit")));
uint32_t restartMark __attribute__((section(".noinit")));
uint16_t resets __attribute__((section(".noinit")));
constexpr uint32_t kRestarting = 0x50575253;
constexpr uint8_t kSoftwareFlag = 0x80;

// At the end of the EEPROM, out of the way of what a sketch keeps at its start. A cell that stands 100,000 writes lasts for 800,000
// boots, as the counter rotates over eight.
struct Eeprom {
  static constexpr uint8_t kCells = 8;
  static uint8_t* cellAt(uint8_t cell) {
    return reinterpret_cast<uint8_t*>(E2END + 1u - static_cast<unsigned>(kCells - cell) * kEpochCellBytes);
  }
  bool read(uint8_t cell, uint8_t (&bytes)[kEpochCellBytes]) {
    eeprom_read_block(bytes, cellAt(cell), kEpochCellBytes);
    return true;
  }
  bool write(uint8_t cell, const uint8_t (&bytes)[kEpochCellBytes]) {
    eeprom_update_block(bytes, cellAt(cell), kEpochCellBytes);
    return true;
  }
};

// A new or wiped EEPROM, or one that is worn out: not 1, which an earlier life of this board may have had, but what the RAM holds
// after power-on, and another number at each reset from there on.
uint32_t randomEpoch() {
  const uint8_t* unused = reinterpret_cast<const uint8_t*>(RAMEND - 1023);
  return ((static_cast<uint32_t>(crc16(unused, 256)) << 16) | crc16(unused + 256, 256)) + ++resets;
}

}  // namespace

// Before RAM is set up, for a watchdog that has fired stays on with 15 ms. A bootloader may have cleared MCUSR. Optiboot 5 and
// later hand it over in r2, which with the Optiboot 4.4 of stock Uno boards holds anything: a build for a board whose
// bootloader does says PORTWIRE_RESET_FLAGS_IN_R2, any other tells the cause as unknown rather than wrong.
extern "C" void portwireKeepResetFlags() __attribute__((naked, used, section(".init3")));
extern "C" void portwireKeepResetFlags() {
#if defined(PORTWIRE_RESET_FLAGS_IN_R2)
  uint8_t handedOver;
  __asm__ volatile("mov %0, r2" : "=r"(handedOver));
#else
  const uint8_t handedOver = 0;
#endif
  uint8_t flags = MCUSR;
  MCUSR = 0;
  wdt_disable();
  if (flags == 0 && handedOver < 0x10) flags = handedOver;
  // The mark survives no power-up by chance: RAM holds 32 random bits then.
  if (restartMark == kRestarting && (flags == 0 || (flags & (1 << WDRF)))) flags |= kSoftwareFlag;
  restartMark = 0;
  resetFlags = flags;
}

ResetCause ArduinoBoard::resetCause() {
  const uint8_t flags = resetFlags;
  if (flags & kSoftwareFlag) return ResetCause::kSoftware;
  if (flags & (1 << PORF)) return ResetCause::kPowerOn;  // it sets the brown-out flag as well
  if (flags & (1 << BORF)) return ResetCause::kBrownOut;
  if (flags & (1 << EXTRF)) return ResetCause::kExternal;  // Optiboot leaves by its own watchdog reset
  if (flags & (1 << WDRF)) return ResetCause::kWatchdog;
  return ResetCause::kUnknown;
}

uint32_t ArduinoBoard::nextEpoch() {
  uint32_t epoch = randomEpoch();
  Eeprom eeprom;
  countEpoch<Eeprom::kCells>(eeprom, epoch, &epoch);
  return epoch;
}

void ArduinoBoard::restart() {
  cli();
  restartMark = kRestarting;
  wdt_enable(WDTO_15MS);
  for (;;) {
  }
}

}  // namespace portwire

#endif
