#if defined(BOARD_LM3S6965)

#include "epoch_eeprom.h"

#include <portwire/epoch_cells.h>

#include "registers_lm3s6965.h"

using namespace lm3s6965;

extern "C" const uint8_t unusedRam[];  // lm3s6965.ld: some KiB that nothing has written but the stack's end

namespace board {
namespace {

constexpr uint32_t kAddress = 0x50;
// I2CMCS, written: RUN, START, STOP, ACK; read: BUSY, ERROR.
constexpr uint32_t kRun = 1, kStart = 2, kStop = 4, kAck = 8;
constexpr uint32_t kBusy = 1, kError = 2;
/// The EEPROM does not acknowledge while it writes: 5 ms at most (AT24C32D data sheet, 6.2). An address takes 0.1 ms.
constexpr uint16_t kTries = 200;

constexpr uint16_t kCellStride = 8;

bool step(uint32_t command) {
  registerAt(kI2cMCS) = command;
  while (registerAt(kI2cMCS) & kBusy) {
  }
  return !(registerAt(kI2cMCS) & kError);
}

/// Sends the cell's address and goes on as `last` says: with kStop the address is only set.
bool select(uint16_t address, uint32_t last) {
  for (uint16_t i = 0; i < kTries; ++i) {
    registerAt(kI2cMSA) = kAddress << 1;
    registerAt(kI2cMDR) = address >> 8;
    if (!step(kStart | kRun)) {
      step(kStop);
      continue;
    }
    registerAt(kI2cMDR) = address & 0xFF;
    return step(kRun | last);
  }
  return false;
}

struct At24c32 {
  bool read(uint8_t cell, uint8_t (&bytes)[portwire::kEpochCellBytes]) {
    if (!select(cell * kCellStride, kStop)) return false;
    registerAt(kI2cMSA) = (kAddress << 1) | 1;
    for (uint8_t i = 0; i < sizeof bytes; ++i) {
      const uint32_t first = i == 0 ? kStart : 0;
      const uint32_t last = i == sizeof bytes - 1 ? kStop : kAck;
      if (!step(first | kRun | last)) return false;
      bytes[i] = static_cast<uint8_t>(registerAt(kI2cMDR));
    }
    return true;
  }

  bool write(uint8_t cell, const uint8_t (&bytes)[portwire::kEpochCellBytes]) {
    if (!select(cell * kCellStride, 0)) return false;
    for (uint8_t i = 0; i < sizeof bytes; ++i) {
      registerAt(kI2cMDR) = bytes[i];
      if (!step(kRun | (i == sizeof bytes - 1 ? kStop : 0))) return false;
    }
    return true;
  }
};

/// A new EEPROM: not 1, which an earlier life of this board may have had, but what the RAM holds after power-on.
uint32_t firstEpoch() {
  return static_cast<uint32_t>(portwire::crc16(unusedRam, 1024)) << 16 | portwire::crc16(unusedRam + 1024, 1024);
}

}  // namespace

bool EpochEeprom::next(uint32_t* epoch) {
  registerAt(kI2cMCR) = 0x10;                           // a master
  registerAt(kI2cMTPR) = kClockHz / (20 * 100000) - 1;  // 100 kHz: clock / (2 * (6 + 4) * rate) - 1 (14.3.1.2)
  At24c32 memory;
  return portwire::countEpoch<2>(memory, firstEpoch(), epoch);
}

}  // namespace board

#endif
