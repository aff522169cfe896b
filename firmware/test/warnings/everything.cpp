// Every feature, type and kind of handler at once, on a board of four functions: what `node scripts/firmware.mjs warnings` shows to
// every compiler and dialect. It is compiled, never run.
#include <portwire.h>

using namespace portwire;

namespace {

struct Hal {
  static int readByte() { return -1; }
  static bool writeByte(uint8_t) { return true; }
  static uint32_t milliseconds() { return 0; }
  static void reset() {}
};

PORTWIRE_FLASH_TEXT(kName, "everything");
PORTWIRE_FLASH_TEXT(kDescriptor, "everything\n");

struct Contract : ContractBase {
  static constexpr uint32_t kHash = 1;
  static constexpr uint8_t kActions = 8;
  static constexpr uint8_t kIndexes = 12;
  static constexpr bool kHasRanges = true;
  static constexpr uint8_t kMaxArguments = 14;
  static const char* name() { return kName; }
  static const char* version() { return kName; }
  static constexpr uint16_t kDescriptorBytes = sizeof kDescriptor - 1;
  static const char* descriptor() { return kDescriptor; }
};

struct Percent {
  static uint8_t smallest() { return 0; }
  static uint8_t largest() { return 100; }
};
struct Share {
  static float smallest() { return 0.0f; }
  static float largest() { return 1.0f; }
};
struct Far {
  static Words smallest() { return Words{0xC0000000, 0}; }
  static Words largest() { return Words{0x40000000, 0}; }
};

struct Pair {
  float first;
  Array<int16_t, 3> second;
  static constexpr uint8_t kFields = 2;
  template <class Visitor> void eachField(const Visitor& visit) const {
    visit(first);
    visit(second);
  }
  template <class Visitor> void eachField(const Visitor& visit) {
    visit(first);
    visit(second);
  }
};

typedef Array<uint16_t, 4> Samples;
constexpr Action<0, bool(bool, uint8_t, uint16_t, uint32_t, uint64_t, int8_t, int16_t, int32_t, int64_t, float, Float64, Text<4>, Bytes<4>, Samples)>
    kAll = {};
constexpr Action<1, uint64_t(uint64_t)> kCount = {};
constexpr Action<2, int64_t(int64_t)> kOffset = {};
constexpr Action<3, Float64(Float64)> kTell = {};
constexpr Action<4, Samples(Samples)> kCurve = {};
struct MoveArguments {
  uint8_t percent;
  float share;
  Float64 far;
};
constexpr Action<5, void(InRange<uint8_t, Percent>, InRange<float, Share>, InRange<Float64, Far>), void, MoveArguments> kMove = {};
constexpr Action<6, Pair()> kPair = {};
struct TraceArguments {
  Samples points;
  Text<4> name;
  int8_t step;
};
constexpr Action<7, Samples(Samples, Text<4>, int8_t), Fields<uint8_t, Float64, Samples>, TraceArguments> kTrace = {};
constexpr Event<8, Float64, uint64_t, Samples, Text<4>> kReading = {};
constexpr AcknowledgedEvent<9, int64_t> kAlarm = {};
constexpr Request<10, Pair(Samples, Float64)> kGetPair = {};
constexpr Request<11, void()> kGo = {};

/// With all that a line may have.
struct Line : BareLine<Hal, 63, 96> {
  void setBaudRate(uint32_t bitsPerSecond) { rate = bitsPerSecond; }
  ReceiveLosses losses() const {
    ReceiveLosses lost = ReceiveLosses();
    lost.overruns = rate > 1000000 ? 1 : 0;
    return lost;
  }
  uint32_t rate = 0;
};

Device<Line, Contract, PlainEvents, AcknowledgedEvents<4, 12>, Jobs<2, 14>, Requests<2, 24>, Log<>, DeadMan, RemoteReset, EndOfInput,
       Stats, Describe, BaudRates<115200, 250000, 500000, 1000000>>
    port;

bool all(bool on, uint8_t, uint16_t, uint32_t, uint64_t, int8_t, int16_t, int32_t, int64_t, float, Float64, Text<4>, Bytes<4>,
         const Samples& samples) {
  return on && !samples.empty();
}
void trace(JobOf<decltype(kTrace)> job, const TraceArguments& given) {
  job.next(static_cast<uint8_t>(given.points.size()), 0.5f, given.points);
  if (job.cancelled()) job.fail(ErrorCode::kCancelled);
  job.finish(Samples());
}
void gotPair(const Answer<Pair>& answer) {
  float nearest = 0;
  if (answer.outcome == Outcome::kAnswered && narrow(Float64(answer.value.first), &nearest) == Status::kOk)
    port.log(Severity::kNotice, "pair");
}

}  // namespace

void useEverything();
void useEverything() {
  static uint8_t counter = 0;
  port.on(kAll, all);
  port.on(kCount, [](uint64_t number) { return number; });
  port.on(kOffset, [](int64_t number) -> Result<int64_t> { return number < 0 ? Result<int64_t>(Fail(16)) : number; });
  port.on(kTell, [](Float64 number) { return number; });
  port.on(kCurve, [](uint8_t& calls, const Samples& points) { return ++calls, points; }, counter);
  port.on(kMove, [](uint8_t, float, Float64) {});
  port.on(kMove, [](const MoveArguments&) {});
  port.on(kMove, [](uint8_t& calls, const MoveArguments&) -> Result<void> { return ++calls, Fail(16); }, counter);
  port.on(kPair, [] { return Pair(); });
  port.on(kTrace, trace);
  port.onReset([] {});
  port.onEndOfInput([] {});
  port.deadMan(1000, [] {});
  port.begin(7u, ResetCause::kPowerOn);
  port.poll();
  if (port.bound(kReading)) port.emit(kReading, 1.5f, 1, Samples(), text<4>("x"));
  if (!port.emit(kAlarm, -1)) port.log(Severity::kWarning, "full");
  ignore(port.ask(kGetPair, 1000, gotPair, Samples(), 2.5f));
  ignore(port.ask(kGo, 1000, [](const Answer<void>&) {}));
  ignore(port.exit(static_cast<uint8_t>(port.keptEvents() + port.waitingRequests() + port.unfinishedJobs())));
  if (port.baudRate() != 115200) port.log(Severity::kInfo, "raised");
  if (port.lineFailed() || port.inMessage() || port.drops().frames() != 0) return;
}
