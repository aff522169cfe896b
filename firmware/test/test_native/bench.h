// A device with handlers on most actions of its contract, for the tests of hello, of the lane of calls and of arguments.
#ifndef TEST_BENCH_H
#define TEST_BENCH_H

#include "support.h"

using namespace portwire;

namespace {

PORTWIRE_FLASH_TEXT(kName, "bench");
PORTWIRE_FLASH_TEXT(kVersion, "7");
PORTWIRE_FLASH_TEXT(kFirmware, "1.2.3");

struct Contract : ContractBase {
  static constexpr uint32_t kHash = 0x11223344;
  static constexpr uint8_t kActions = 16;
  static constexpr uint8_t kIndexes = 20;
  static const char* name() { return kName; }
  static const char* version() { return kVersion; }
  static const char* firmwareVersion() { return kFirmware; }
};

constexpr Action<0, void()> kPing = {};
constexpr Action<1, float(float)> kScale = {};
constexpr Action<2, uint16_t(uint8_t, int8_t)> kAdd = {};
constexpr Action<3, Text<>(Text<8>)> kGreet = {};
constexpr Action<4, Bytes<>(uint16_t)> kFill = {};
struct Pair {
  int32_t first;
  bool second;
  static constexpr uint8_t kFields = 2;
  template <class Visitor> void eachField(const Visitor& visit) const {
    visit(first);
    visit(second);
  }
};
constexpr Action<5, Pair()> kPair = {};
constexpr Action<6, uint32_t(uint32_t)> kCount = {};
constexpr Action<7, void(bool)> kSwitch = {};
constexpr Action<8, int16_t(int16_t, int32_t)> kNegate = {};

typedef Device<FakeLine<>, Contract> Bench;

int pings = 0;
int scales = 0;
uint8_t filled[100];

/// A device with handlers on most actions, and its host.
struct Fixture {
  Bench port;
  Host<Bench> host;
  uint32_t total = 0;

  Fixture() : host(port) {
    pings = scales = 0;
    for (uint8_t& byte : filled) byte = 0x77;
    port.on(kPing, [] { ++pings; });
    port.on(kScale, [](float value) -> Result<float> {
      ++scales;
      if (value < 0) return Fail(17);
      if (value > 100) return Fail(ErrorCode::kNotReady);
      return value * 2;
    });
    port.on(kAdd, [](uint8_t a, int8_t b) { return static_cast<uint16_t>(a + b); });
    port.on(kGreet, [](Text<8> name) {
      Text<> all = {name.data, name.bytes};
      return all;
    });
    port.on(kFill, [](uint16_t bytes) {
      Bytes<> all = {filled, bytes};
      return all;
    });
    port.on(kPair, [] {
      Pair pair = {-5, true};
      return pair;
    });
    port.on(kCount, [](uint32_t& sum, uint32_t more) { return sum += more; }, total);
  }
};

}  // namespace

#endif
