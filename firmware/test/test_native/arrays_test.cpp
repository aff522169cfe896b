// Arrays as arguments, results and fields, and arguments that have a range, each at its exact limits.
#include <math.h>

#include "support.h"

using namespace portwire;

namespace {

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 10;
  static constexpr uint8_t kIndexes = 14;
  static constexpr bool kHasRanges = true;
  static constexpr uint8_t kMaxArguments = 16;
};

struct TenToTwenty {
  static uint8_t smallest() { return 10; }
  static uint8_t largest() { return 20; }
};
struct Offsets {
  static int32_t smallest() { return -70000; }
  static int32_t largest() { return 70000; }
};
struct Share {
  static float smallest() { return 0.0f; }
  static float largest() { return 1.0f; }
};
struct Below {
  static float smallest() { return -__builtin_inff(); }
  static float largest() { return 1.0f; }
};
struct Fine {
  static Words smallest() { return Words{0xBFF00000, 0x00000001}; }  // -1.0000000000000002
  static Words largest() { return Words{0x3FF00000, 0x00000001}; }   // 1.0000000000000002
};
struct Serials {
  static uint64_t smallest() { return 1; }
  static uint64_t largest() { return 0x100000000ULL; }
};

typedef Array<uint16_t, 4> Samples;
constexpr Action<0, uint32_t(Samples)> kSum = {};
constexpr Action<1, Samples(uint8_t)> kMake = {};
constexpr Action<2, uint8_t(Array<Text<>, 3>)> kJoin = {};
constexpr Action<3, uint8_t(bool, InRange<uint8_t, TenToTwenty>)> kChoose = {};
constexpr Action<4, int32_t(InRange<int32_t, Offsets>)> kOffset = {};
constexpr Action<5, float(InRange<float, Share>, InRange<float, Below>)> kOpen = {};
constexpr Action<6, Float64(InRange<Float64, Fine>)> kFine = {};
constexpr Action<7, uint64_t(InRange<uint64_t, Serials>)> kSerial = {};
constexpr Action<8, uint8_t(bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool,
                            InRange<uint8_t, TenToTwenty>)>
    kSixteen = {};
constexpr Action<9, uint8_t(Samples), Samples> kTrace = {};
constexpr Event<10, Samples, bool> kBurst = {};
constexpr AcknowledgedEvent<11, Samples> kKept = {};
constexpr Request<12, Samples(Samples)> kFilter = {};
constexpr Event<13, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t,
                uint8_t, uint8_t, uint8_t, uint8_t>
    kWide = {};

typedef Device<FakeLine<Frames, 127>, Contract, PlainEvents, AcknowledgedEvents<4, 16>, Jobs<1, 16>, Requests<1, 16>> Port;

int ran = 0;
Answer<Samples> answer;
Samples traced;

struct Fixture {
  Port port;
  Host<Port> host;

  Fixture() : host(port) {
    ran = 0;
    port.on(kSum, [](const Samples& samples) {
      ++ran;
      uint32_t sum = 0;
      for (uint16_t sample : samples) sum += sample;
      return sum;
    });
    port.on(kMake, [](uint8_t count) {
      ++ran;
      Samples samples;
      for (uint8_t i = 0; i < count; ++i)
        if (!samples.push(static_cast<uint16_t>(i * 300))) break;
      return samples;
    });
    port.on(kJoin, [](const Array<Text<>, 3>& words) {
      ++ran;
      size_t bytes = 0;
      for (const Text<>& word : words) bytes += word.bytes;
      return static_cast<uint8_t>(bytes);
    });
    port.on(kChoose, [](bool, uint8_t number) { return ++ran, number; });
    port.on(kOffset, [](int32_t offset) { return ++ran, offset; });
    port.on(kOpen, [](float share, float) { return ++ran, share; });
    port.on(kFine, [](Float64 value) { return ++ran, value; });
    port.on(kSerial, [](uint64_t serial) { return ++ran, serial; });
    port.on(kSixteen, [](bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, bool, uint8_t last) {
      return ++ran, last;
    });
    port.on(kTrace, [](JobOf<decltype(kTrace)> job, const Samples& samples) {
      traced = samples;
      job.next(samples);
      job.finish(7);
    });
    host.startSession();
  }

  /// The answer to a call with the next token, without the token.
  std::string call(const std::string& action, const std::string& value) {
    const uint8_t token[] = {next++};
    const std::string said = host.send(action + toHex(token, 1) + value);
    REQUIRE(said.size() >= 4);
    return said.substr(0, 2) + " " + said.substr(4);
  }

  uint8_t next = 3;
};

std::string textOf(const std::string& words) {
  const uint8_t head[] = {static_cast<uint8_t>(0xA0 | words.size())};
  return toHex(head, 1) + toHex(reinterpret_cast<const uint8_t*>(words.data()), words.size());
}
std::string outOfRange(const char* place) { return "fe 9202" + textOf(std::string("argument ") + place + " out of range"); }

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an array of no items, one less than its maximum and its maximum reaches the handler") {
  CHECK(call("00", "9190") == "ff 00");
  CHECK(call("00", "9193010203") == "ff 06");
  CHECK(call("00", "9194010203cdffff") == "ff ce00010005");
  CHECK(call("00", "91dc000401020304") == "ff 0a");
  CHECK(ran == 4);
}

TEST_CASE_FIXTURE(Fixture, "an array of one item more than its maximum is ERROR 4 and named, however it is headed") {
  CHECK(call("00", "91950102030405") == "fe 9204" + textOf("argument 1"));
  CHECK(call("00", "91dc00050102030405") == "fe 9204" + textOf("argument 1"));
  CHECK(call("00", "91ddffffffff") == outOfRange("1"));
  CHECK(ran == 0);
}

TEST_CASE_FIXTURE(Fixture, "an array with a wrong item, with one missing, or that is none, is ERROR 2 and named") {
  CHECK(call("00", "919201c3") == "fe 9202" + textOf("argument 1"));
  CHECK(call("00", "919201ce00010000") == outOfRange("1"));
  CHECK(call("00", "919201") == "fe 9202" + textOf("argument 1"));
  CHECK(call("00", "9105") == "fe 9202" + textOf("argument 1"));
  CHECK(call("00", "91919100") == "fe 9202" + textOf("argument 1"));
  CHECK(call("00", "92910100") == "fe 9102");
  CHECK(ran == 0);
}

TEST_CASE_FIXTURE(Fixture, "an array of texts is views of the message") {
  CHECK(call("02", "9193a3616263a0a26465") == "ff 05");
  CHECK(call("02", "9194a0a0a0a0") == "fe 9204" + textOf("argument 1"));
}

TEST_CASE_FIXTURE(Fixture, "an array is a result, and nothing is pushed behind its last place") {
  CHECK(call("01", "9100") == "ff 90");
  CHECK(call("01", "9102") == "ff 9200cd012c");
  CHECK(call("01", "9104") == "ff 9400cd012ccd0258cd0384");
  CHECK(call("01", "9105") == "ff 9400cd012ccd0258cd0384");
}

TEST_CASE("an array gives no item that it does not have, and takes none for such a place") {
  const uint16_t three[] = {7, 8, 9};
  Samples samples(three);
  CHECK(samples.size() == 3);
  CHECK(samples[2] == 9);
  CHECK(samples[3] == 0);
  CHECK(samples[65536] == 0);
  CHECK(samples.set(2, 5));
  CHECK(!samples.set(3, 5));
  CHECK(samples.push(1));
  CHECK(samples.full());
  CHECK(!samples.push(2));
  CHECK(samples[3] == 1);
  CHECK(samples.set(3, 4));
  samples.clear();
  CHECK(samples.empty());
  CHECK(samples[0] == 0);
}

TEST_CASE("the longest form of an array is counted with its head, and what cannot be counted is unbounded") {
  CHECK(size_t(detail::Wire<Array<bool, 15>>::kBytes) == 16);
  CHECK(size_t(detail::Wire<Array<bool, 16>>::kBytes) == 19);
  CHECK(size_t(detail::Wire<Array<uint64_t, 2>>::kBytes) == 19);
  CHECK(size_t(detail::Wire<Array<uint32_t, 13106>>::kBytes) == 65533);
  CHECK(size_t(detail::Wire<Array<uint32_t, 13107>>::kBytes) == size_t(kUnbounded));
  CHECK(size_t(detail::Wire<Array<Text<>, 1>>::kBytes) == size_t(kUnbounded));
  CHECK(sizeof(Array<uint8_t, 255>) == 256);
}

TEST_CASE_FIXTURE(Fixture, "an array is a field of a plain event, of an acknowledged one, and of an event with sixteen fields") {
  CHECK(call("f3", "920ac3") == "ff 00");
  CHECK(call("f3", "920dc3") == "ff 00");
  const uint16_t items[] = {1, 2, 3, 4};
  const Samples samples(items);
  CHECK(port.emit(kBurst, samples, true));
  CHECK(host.take() == "0a00929401020304c3");
  CHECK(port.emit(kKept, samples));
  CHECK(host.poll() == "0b01919401020304");
  CHECK(port.emit(kWide, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16));
  CHECK(host.take() == "0d00dc00100102030405060708090a0b0c0d0e0f10");
}

TEST_CASE_FIXTURE(Fixture, "an array is what a job takes and sends, and what a request asks and is answered") {
  CHECK(host.send("090391920506") == "fb03 fd00930300920506 f90194030007" "01");
  CHECK(traced.size() == 2);
  const uint16_t items[] = {5, 6};
  CHECK(host.send("ff01") == "");
  CHECK(port.ask(kFilter, 3000, [](const Answer<Samples>& got) { answer = got; }, Samples(items)));
  CHECK(host.poll() == "0c0292cd0bb8920506");
  CHECK(host.send("ff029106") == "");
  CHECK(answer.outcome == Outcome::kAnswered);
  CHECK(answer.value.size() == 1);
  CHECK(answer.value[0] == 6);
}

TEST_CASE_FIXTURE(Fixture, "an integer at the ends of its range passes, one beyond is named, and the handler does not run") {
  CHECK(call("03", "92c30b") == "ff 0b");
  CHECK(call("03", "92c30a") == "ff 0a");
  CHECK(call("03", "92c314") == "ff 14");
  CHECK(call("04", "91ce00011170") == "ff ce00011170");
  CHECK(call("04", "91d2fffeee90") == "ff d2fffeee90");
  CHECK(call("07", "9101") == "ff 01");
  CHECK(call("07", "91cf0000000100000000") == "ff cf0000000100000000");
  CHECK(ran == 7);
  CHECK(call("03", "92c309") == outOfRange("2"));
  CHECK(call("03", "92c315") == outOfRange("2"));
  CHECK(call("03", "92c3cd0100") == outOfRange("2"));  // of the type
  CHECK(call("03", "92c3c3") == "fe 9202" + textOf("argument 2"));
  CHECK(call("04", "91ce00011171") == outOfRange("1"));
  CHECK(call("04", "91d2fffeee8f") == outOfRange("1"));
  CHECK(call("07", "9100") == outOfRange("1"));
  CHECK(call("07", "91cf0000000100000001") == outOfRange("1"));
  CHECK(ran == 7);
}

TEST_CASE_FIXTURE(Fixture, "a float at the ends of its range passes; beyond them, and not-a-number, it does not") {
  CHECK(call("05", "92ca00000000ca3f800000") == "ff ca00000000");
  CHECK(call("05", "92ca80000000ca3f800000") == "ff ca80000000");  // minus zero is zero
  CHECK(call("05", "92ca3f800000caff800000") == "ff ca3f800000");  // without a `min` minus infinity is in it
  CHECK(ran == 3);
  CHECK(call("05", "92ca3f800001ca00000000") == outOfRange("1"));
  CHECK(call("05", "92ca80000001ca00000000") == outOfRange("1"));
  CHECK(call("05", "92ca7fc00000ca00000000") == outOfRange("1"));
  CHECK(call("05", "92ca00000000ca3f800001") == outOfRange("2"));
  CHECK(call("05", "92ca00000000ca7fc00000") == outOfRange("2"));
  CHECK(ran == 3);
}

TEST_CASE_FIXTURE(Fixture, "an f64 is compared in all its bits, without arithmetic of 64 bits") {
  for (const char* inside : {"cb3ff0000000000001", "cbbff0000000000001", "cb0000000000000000", "cb8000000000000000", "cb8000000000000001"}) {
    CAPTURE(inside);
    CHECK(call("06", std::string("91") + inside) == std::string("ff ") + inside);
  }
  CHECK(ran == 5);
  for (const char* outside : {"cb3ff0000000000002", "cbbff0000000000002", "cb7ff0000000000000", "cbfff0000000000000", "cb7ff8000000000000",
                              "cbfff8000000000000", "02"}) {
    CAPTURE(outside);
    CHECK(call("06", std::string("91") + outside) == outOfRange("1"));
  }
  CHECK(ran == 5);
}

TEST_CASE_FIXTURE(Fixture, "of sixteen arguments the last is named by two digits") {
  const std::string fifteen = "dc0010" "c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2";
  CHECK(call("08", fifteen + "14") == "ff 14");
  CHECK(call("08", fifteen + "15") == outOfRange("16"));
  CHECK(call("08", fifteen + "c2") == "fe 9202" + textOf("argument 16"));
  CHECK(call("08", fifteen) == "fe 9202" + textOf("argument 16"));
  CHECK(call("08", "9f" "c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2") == "fe 9102");
  CHECK(ran == 1);
}
