// A device with all its features, and a host that sends any messages in good frames, lets time pass, and lets the firmware emit,
// ask, log and go on with its jobs. Whatever happened: a new session begins, and its first call works.
//
// The input is a list of steps. A byte up to 56: so many bytes of content follow; where its token is 0xEE it becomes the next in
// the lane. A byte above: what else happens, by its low bits.
#include <portwire.h>

#include "check.h"
#include "host.h"

using namespace portwire;

namespace {

struct Board {
  static uint32_t now;
  static uint32_t boots;
  static uint32_t nowMs() { return now; }
  static uint32_t nextEpoch() { return 1 + boots; }
  static ResetCause resetCause() { return ResetCause::kPowerOn; }
  static void restart() { ++boots; }
};
uint32_t Board::now = 0;
uint32_t Board::boots = 0;

/// What the host puts in is read at once; what the device sends has to be frames, each within what it announced.
struct FuzzLine {
  typedef Frames Framing;
  typedef ::Board Board;
  static constexpr size_t kReceiveBytes = 63;
  static constexpr size_t kMaxContentBytes = 56;
  static constexpr size_t kReplyBytes = 64;
  static constexpr uint8_t kWindow = 2;

  void begin() {}
  bool available() const { return at != end; }
  uint8_t read() { return *at++; }
  void write(uint8_t byte) {
    FUZZ_CHECK(sent.count < sizeof sent.bytes);
    sent.bytes[sent.count++] = byte;
  }
  void commit() {
    size_t bytes = 0;
    const uint8_t* content = fuzz::decode(&sent, &bytes);
    sent.count = 0;
    ++messages;
    lastAction = content[0];
    lastToken = content[1];
  }
  void flush() {}

  const uint8_t* at = nullptr;
  const uint8_t* end = nullptr;
  fuzz::Wire sent;
  uint32_t messages = 0;
  uint8_t lastAction = 0;
  uint8_t lastToken = 0;
};

PORTWIRE_FLASH_TEXT(kName, "fuzz");
PORTWIRE_FLASH_TEXT(kDescriptor, "fuzz\n0 action ping()->void\n");

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 6;
  static constexpr uint8_t kIndexes = 9;
  static const char* name() { return kName; }
  static constexpr uint16_t kDescriptorBytes = sizeof kDescriptor - 1;
  static const char* descriptor() { return kDescriptor; }
};
constexpr Action<0, void()> kPing = {};
struct MixArguments {
  uint8_t a;
  int16_t b;
  float c;
  bool d;
};
constexpr Action<1, float(uint8_t, int16_t, float, bool), void, MixArguments> kMix = {};
constexpr Action<2, Text<>(Text<8>)> kGreet = {};
constexpr Action<3, Bytes<>(Bytes<4>)> kFill = {};
constexpr Action<4, uint32_t(uint32_t), Fields<uint8_t, Text<6>>> kCount = {};
constexpr Event<6, float> kReading = {};
constexpr AcknowledgedEvent<7, uint32_t, Text<4>> kAlarm = {};
constexpr Request<8, float(uint8_t)> kGetLimit = {};

typedef Device<FuzzLine, Contract, PlainEvents, AcknowledgedEvents<3>, Jobs<2>, Requests<2>, Log<>, DeadMan, RemoteReset,
               EndOfInput, Stats, Describe>
    Port;

uint32_t pings = 0;
JobOf<decltype(kCount)> jobs[2];
uint8_t filled[] = {1, 2, 3, 4};

struct World {
  Port port;
  uint8_t next = kFirstToken;

  World() {
    port.on(kPing, [] { ++pings; });
    port.on(kMix, [](const MixArguments& mix) { return static_cast<float>(mix.a) + static_cast<float>(mix.b) + (mix.d ? mix.c : 0); });
    port.on(kGreet, [](Text<8> name) {
      FUZZ_CHECK(name.bytes <= 8);
      Text<> all = {name.data, name.bytes};
      return all;
    });
    port.on(kFill, [](Bytes<4> data) -> Result<Bytes<>> {
      FUZZ_CHECK(data.bytes <= 4);
      if (data.bytes == 0) return Fail(16);
      Bytes<> all = {filled, data.bytes};
      return all;
    });
    port.on(kCount, [](JobOf<decltype(kCount)> job, uint32_t) { jobs[jobs[0].running() ? 1 : 0] = job; });
    port.deadMan(3000, [] {});
    port.onEndOfInput([] {});
    port.begin();
  }

  void send(const uint8_t* content, size_t bytes) {
    fuzz::Wire wire;
    fuzz::encode(content, bytes, &wire);
    receive(wire);
  }

  void receive(const fuzz::Wire& wire) {
    port.line().at = wire.bytes;
    port.line().end = wire.bytes + wire.count;
    while (port.line().available()) port.poll();
  }

  void startSession() {
    static const fuzz::Wire hello = fuzz::encoded({0xF0, 0x01, 0x94, 0x01, 0x05, 0xCD, 0x10, 0x00, 0xCD, 0x03, 0xE8});
    static const fuzz::Wire tick = fuzz::encoded({0xF1, 0x02});
    receive(hello);
    receive(tick);
    FUZZ_CHECK(port.inSession());
    next = 3;
  }

  void happen(uint8_t what) {
    switch (what & 15) {
      case 0: Board::now += 1; break;
      case 1: Board::now += 60; break;
      case 2: Board::now += 3100; break;
      case 3: port.emit(kReading, static_cast<float>(what)); break;
      case 4: ignore(port.emit(kAlarm, uint32_t(what) << 16, text<4>("hot"))); break;
      case 5: ignore(port.ask(kGetLimit, what * 20u, [](const Answer<float>&) {}, what)); break;
      case 6: jobs[0].next(what, text<6>("on")); break;
      case 7: jobs[0].finish(what); break;
      case 8: jobs[1].next(what, text<6>("off")); break;
      case 9: jobs[1].fail(what); break;
      case 10: port.log(Severity::kNotice, "something happened"); break;
      case 11: if ((what & 0xF0) == 0xF0) ignore(port.exit(what)); break;
      case 12: startSession(); break;
      default: break;
    }
    port.poll();
  }
};

/// What is outside of the device, as it was before.
void forget() {
  Board::now = 0;
  Board::boots = 0;
  pings = 0;
  jobs[0] = jobs[1] = JobOf<decltype(kCount)>();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  // Made once and copied: most of a short input's time would else go into the first hello.
  static const World booted;
  static const World started = [] {
    World world;
    world.startSession();
    return world;
  }();
  World world = bytes != 0 && (data[0] & 1) ? started : booted;
  forget();
  for (size_t at = 1; at < bytes;) {
    const uint8_t step = data[at++];
    if (step > 56) {
      world.happen(step);
      continue;
    }
    const size_t length = step < bytes - at ? step : bytes - at;
    uint8_t content[56];
    memcpy(content, data + at, length);
    at += length;
    if (length > 1 && content[1] == 0xEE) {
      content[1] = world.next;
      world.next = nextToken(world.next);
    }
    world.send(content, length);
  }
  world.startSession();
  const uint32_t before = pings;
  static const fuzz::Wire ping = fuzz::encoded({0x00, 0x03});
  world.receive(ping);
  FUZZ_CHECK(pings == before + 1);
  FUZZ_CHECK(world.port.line().sent.count == 0);
  FUZZ_CHECK(world.port.drops().frames() <= bytes);
  return 0;
}
