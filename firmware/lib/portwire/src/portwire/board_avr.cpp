// ATmega boards: the reset cause from MCUSR, the epoch from a counter in EEPROM, the restart through the watchdog.
#if defined(ARDUINO) && defined(__AVR__)

#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>

#include "board_arduino.h"
#include "crc16.h"

namespace portwire {
namespace {

// Both survive a reset; at power-on they hold anything.
uint8_t resetFlags __attribute__((section(".noinit")));
uint32_t restartMark __attribute__((section(".noinit")));
constexpr uint32_t kRestarting = 0x50575253;
constexpr uint8_t kSoftwareFlag = 0x80;

// The counter rotates over these cells, so that a cell that stands 100,000 writes lasts for 800,000 boots. They lie at the
// end of the EEPROM, out of the way of what a sketch keeps at its start. A cell that was torn by a power cut fails its check;
// the number it was to hold was not told to anybody yet.
constexpr uint8_t kCells = 8;
struct Cell {
  uint32_t epoch;
  uint16_t check;
};
static_assert(sizeof(Cell) == 6, "the layout in EEPROM: epoch u32, check u16");

uint8_t* cellAt(uint8_t index) {
  return reinterpret_cast<uint8_t*>(E2END + 1u - static_cast<unsigned>(kCells - index) * sizeof(Cell));
}

uint16_t checkOf(const Cell& cell) { return crc16(reinterpret_cast<const uint8_t*>(&cell), sizeof cell.epoch); }

void readCell(uint8_t index, Cell* cell) { eeprom_read_block(cell, cellAt(index), sizeof *cell); }

// A new or wiped EEPROM: not 1, which an earlier life of this board may have had, but what the RAM holds after power-on.
uint32_t firstEpoch() {
  const uint8_t* unused = reinterpret_cast<const uint8_t*>(RAMEND - 1023);
  return (static_cast<uint32_t>(crc16(unused, 256)) << 16) | crc16(unused + 256, 256);
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
  Cell newest = {0, 0};
  uint8_t next = 0;
  bool found = false;
  for (uint8_t i = 0; i < kCells; ++i) {
    Cell cell;
    readCell(i, &cell);
    // The difference, so that the order holds where the counter wraps.
    if (cell.check != checkOf(cell) || (found && static_cast<int32_t>(cell.epoch - newest.epoch) < 0)) continue;
    found = true;
    newest = cell;
    next = static_cast<uint8_t>((i + 1) % kCells);
  }
  newest.epoch = found ? newest.epoch + 1 : firstEpoch();
  newest.check = checkOf(newest);
  eeprom_update_block(&newest, cellAt(next), sizeof newest);
  return newest.epoch;
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
