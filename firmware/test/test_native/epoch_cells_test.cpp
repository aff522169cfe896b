// The epoch in its cells: the order in which they are written, the end of the count, and writes that a power cut tears.
#include <portwire/epoch_cells.h>

#include <algorithm>
#include <array>

#include "support.h"

using namespace portwire;

namespace {

template <uint8_t kCells> struct Memory {
  std::array<std::array<uint8_t, kEpochCellBytes>, kCells> cells;
  std::vector<uint8_t> writes;
  size_t written = kEpochCellBytes;  ///< Of each write so many bytes arrive.
  bool answers = true;
  std::array<bool, kCells> worn{};  ///< They keep what they hold.

  Memory() {
    for (auto& cell : cells) cell.fill(0xFF);
  }
  bool read(uint8_t cell, uint8_t (&bytes)[kEpochCellBytes]) {
    for (size_t i = 0; i < kEpochCellBytes; ++i) bytes[i] = cells.at(cell)[i];
    return answers;
  }
  bool write(uint8_t cell, const uint8_t (&bytes)[kEpochCellBytes]) {
    writes.push_back(cell);
    if (!worn.at(cell)) {
      for (size_t i = 0; i < written; ++i) cells.at(cell)[i] = bytes[i];
    }
    return true;
  }
};

}  // namespace

TEST_CASE("2 and 8 cells of an epoch are written in turn, and the count goes on, across 2^32 too") {
  const auto check = [](uint32_t first) {
    Memory<2> two;
    Memory<8> eight;
    for (uint32_t i = 0; i < 20; ++i) {
      CAPTURE(i);
      uint32_t epoch = 0;
      CHECK(countEpoch<2>(two, first, &epoch));
      CHECK(epoch == first + i);
      CHECK(two.writes.back() == i % 2);
      CHECK(countEpoch<8>(eight, first, &epoch));
      CHECK(epoch == first + i);
      CHECK(eight.writes.back() == i % 8);
    }
  };
  check(1);
  check(0x7FFFFFFA);
  check(0xFFFFFFF6);
}

TEST_CASE("a write that a power cut tears after any of its bytes spoils one epoch, and no epoch comes twice") {
  for (size_t written = 0; written <= kEpochCellBytes; ++written) {
    CAPTURE(written);
    Memory<8> memory;
    uint32_t epoch = 0;
    for (int i = 0; i < 11; ++i) REQUIRE(countEpoch<8>(memory, 1, &epoch));
    REQUIRE(epoch == 11);
    memory.written = written;
    CHECK(countEpoch<8>(memory, 1, &epoch) == (written == kEpochCellBytes));
    memory.written = kEpochCellBytes;
    CHECK(countEpoch<8>(memory, 1, &epoch));
    CHECK(epoch == (written == kEpochCellBytes ? 13 : 12));
  }
}

TEST_CASE("a cell that is worn out is passed over, whichever of the others are, and the newest is never written") {
  for (unsigned worn = 0; worn < 256; ++worn) {
    CAPTURE(worn);
    Memory<8> memory;
    uint32_t epoch = 0;
    for (int i = 0; i < 11; ++i) REQUIRE(countEpoch<8>(memory, 1, &epoch));
    for (size_t i = 0; i < 8; ++i) memory.worn.at(i) = (worn >> i & 1) != 0;
    for (uint32_t i = 0; i < 20; ++i) {
      const uint8_t newest = memory.writes.back();
      memory.writes.clear();
      uint32_t next = 77;
      const bool counted = countEpoch<8>(memory, 1, &next);
      CHECK(std::find(memory.writes.begin(), memory.writes.end(), newest) == memory.writes.end());
      if (!counted) {
        // No cell but the newest keeps anything.
        CHECK((worn | 1u << newest) == 255u);
        CHECK(next == 77);
        CHECK(memory.writes.size() == 7);
        break;
      }
      CHECK(next == ++epoch);
    }
  }
}

TEST_CASE("a memory that does not answer is told, and nothing is written") {
  Memory<2> memory;
  memory.answers = false;
  uint32_t epoch = 77;
  CHECK_FALSE(countEpoch<2>(memory, 1, &epoch));
  CHECK(epoch == 77);
  CHECK(memory.writes.empty());
}
