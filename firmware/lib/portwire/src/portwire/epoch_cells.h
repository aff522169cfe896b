// The epoch as a counter that rotates over cells of an EEPROM: a write that a power cut tears spoils only the oldest one.
#ifndef PORTWIRE_EPOCH_CELLS_H
#define PORTWIRE_EPOCH_CELLS_H

#include "crc16.h"

namespace portwire {

/// As it is stored, in the chip's own order of bytes: epoch u32, check u16.
constexpr uint8_t kEpochCellBytes = 6;

namespace detail {

struct __attribute__((packed)) EpochCell {
  uint32_t epoch;
  uint16_t check;

  uint8_t (&bytes())[kEpochCellBytes] { return reinterpret_cast<uint8_t(&)[kEpochCellBytes]>(*this); }
  uint16_t crc() { return crc16(bytes(), sizeof epoch); }
  bool isGood() { return check == crc(); }
};
static_assert(sizeof(EpochCell) == kEpochCellBytes, "no gaps");

}  // namespace detail

/// Counts on from the newest of `kCells` cells and stores the number before it is told; a memory without any begins with `first`.
/// A cell that does not hold what was written is worn out, and the next one is taken; never the newest.
/// False when the memory does not answer, or no cell holds it: nothing is told then.
///
///     struct Memory {
///       bool read(uint8_t cell, uint8_t (&bytes)[kEpochCellBytes]);
///       bool write(uint8_t cell, const uint8_t (&bytes)[kEpochCellBytes]);
///     };
template <uint8_t kCells, class Memory> bool countEpoch(Memory& memory, uint32_t first, uint32_t* epoch) {
  static_assert(kCells >= 2, "the newest epoch is in another cell than the one that is written");
  detail::EpochCell cell;
  uint32_t next = first;
  uint8_t at = kCells - 1;
  bool found = false;
  for (uint8_t i = 0; i < kCells; ++i) {
    if (!memory.read(i, cell.bytes())) return false;
    // The difference, so that the order holds where the counter wraps.
    if (!cell.isGood() || (found && static_cast<int32_t>(cell.epoch + 1 - next) < 0)) continue;
    found = true;
    next = cell.epoch + 1;
    at = i;
  }
  cell.epoch = next;
  cell.check = cell.crc();
  for (uint8_t tries = 1; tries < kCells; ++tries) {
    at = static_cast<uint8_t>((at + 1) % kCells);
    detail::EpochCell kept;
    if (!memory.write(at, cell.bytes()) || !memory.read(at, kept.bytes())) return false;
    if (kept.epoch == next && kept.check == cell.check) {
      *epoch = next;
      return true;
    }
  }
  return false;
}

}  // namespace portwire

#endif
