// The epoch as a counter that rotates over cells of an EEPROM: a write that a power cut tears spoils only the oldest one.
#ifndef PORTWIRE_EPOCH_CELLS_H
#define PORTWIRE_EPOCH_CELLS_H

#include "crc16.h"

namespace portwire {

/// As it is stored, both little-endian: epoch u32, check u16.
constexpr uint8_t kEpochCellBytes = 6;

/// Counts on from the newest of `kCells` cells and stores the number before it is told; a memory without any begins with `first`.
/// False when the memory does not answer or does not hold what was written.
///
///     struct Memory {
///       bool read(uint8_t cell, uint8_t (&bytes)[kEpochCellBytes]);
///       bool write(uint8_t cell, const uint8_t (&bytes)[kEpochCellBytes]);
///     };
template <uint8_t kCells, class Memory> bool countEpoch(Memory& memory, uint32_t first, uint32_t* epoch) {
  static_assert(kCells >= 2, "the newest epoch is in another cell than the one that is written");
  uint8_t bytes[kEpochCellBytes];
  const auto stored = [&bytes]() {
    return bytes[0] | static_cast<uint32_t>(bytes[1]) << 8 | static_cast<uint32_t>(bytes[2]) << 16 |
           static_cast<uint32_t>(bytes[3]) << 24;
  };
  const auto isGood = [&bytes]() { return crc16(bytes, 4) == static_cast<uint16_t>(bytes[4] | bytes[5] << 8); };
  uint32_t next = first;
  uint8_t at = 0;
  bool found = false;
  for (uint8_t i = 0; i < kCells; ++i) {
    if (!memory.read(i, bytes)) return false;
    // The difference, so that the order holds where the counter wraps.
    if (!isGood() || (found && static_cast<int32_t>(stored() + 1 - next) < 0)) continue;
    found = true;
    next = stored() + 1;
    at = static_cast<uint8_t>((i + 1) % kCells);
  }
  for (uint8_t i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(next >> (8 * i));
  const uint16_t check = crc16(bytes, 4);
  bytes[4] = static_cast<uint8_t>(check);
  bytes[5] = static_cast<uint8_t>(check >> 8);
  if (!memory.write(at, bytes) || !memory.read(at, bytes) || !isGood() || stored() != next) return false;
  *epoch = next;
  return true;
}

}  // namespace portwire

#endif
