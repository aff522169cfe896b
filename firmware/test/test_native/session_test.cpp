// One rule of the protocol a test: hello, the lane of calls, repeats, casts, and what a handler is given.
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

TEST_CASE_FIXTURE(Fixture, "a device announces itself when it begins: token 0, session nil") {
  port.begin();
  CHECK(host.take() == "f0009f01c0cec0ffee01043f3801ce1122334400000" "0cd03e8a5312e322e33a562656e6368a137");
}

TEST_CASE_FIXTURE(Fixture, "the reply to HELLO names the session") {
  port.begin();
  host.take();
  CHECK(host.send("f0019401ce5eed1234cd1000cd03e8") ==
        "ff019f01ce5eed1234cec0ffee01043f3801ce11223344000000cd03e8a5312e322e33a562656e6368a137");
}

TEST_CASE_FIXTURE(Fixture, "HELLO of a later version with fields more is answered in version 1") {
  port.begin();
  host.take();
  CHECK(host.send("f0019502ce5eed1234cd1000cd03e8a3616263").substr(0, 18) == "ff019f01ce5eed1234");
  CHECK(host.send("f00192010a").substr(0, 10) == "ff019f010a");
}

TEST_CASE_FIXTURE(Fixture, "HELLO that is none is dropped and changes nothing") {
  host.startSession();
  for (const char* bad : {"f001", "f001c0", "f0019101", "f0019201", "f00192ff05"}) {
    CAPTURE(bad);
    CHECK(host.send(bad) == "");
  }
  CHECK(host.send("f0009f01c0cec0ffee01043f3801ce11223344000000cd03e8a5312e322e33a562656e6368a137") == "");
  CHECK(host.send("f0029401ce5eed1234cd1000cd03e8") == "");
  CHECK(port.drops()[Drop::kMessage] == 7);
  CHECK(host.send("0003") == "ff0300");
}

TEST_CASE_FIXTURE(Fixture, "without a session every call is answered by the announcement, and none runs") {
  port.begin();
  host.take();
  for (const char* call : {"0002", "0001", "f102", "f305", "fa07", "0105a1ff", "9909", "fc0b09"}) {
    CAPTURE(call);
    CHECK(host.send(call).substr(0, 8) == "f0009f01");
  }
  CHECK(pings == 0);
}

TEST_CASE_FIXTURE(Fixture, "without a session token 0 and answers are dropped in silence") {
  port.begin();
  host.take();
  for (const char* message : {"0000", "0100", "ff0500", "fe059101", "fb05", "fb0506"}) CHECK(host.send(message) == "");
  CHECK(pings == 0);
}

TEST_CASE_FIXTURE(Fixture, "after HELLO only TICK with token 2 goes on") {
  port.begin();
  host.take();
  host.send("f0019401ce5eed1234cd1000cd03e8");
  CHECK_FALSE(port.inSession());
  CHECK(host.send("0002") == "");
  CHECK(host.send("0000") == "");
  CHECK(host.send("f103") == "");
  CHECK(pings == 0);
  CHECK(host.send("f102") == "ff0293cd03e800cec0ffee01");
  CHECK(port.inSession());
  CHECK(host.send("0003") == "ff0300");
}

TEST_CASE_FIXTURE(Fixture, "TICK is answered by uptime, plain events and epoch") {
  host.startSession();
  FakeBoard::now = 0xFFFFFFFF;
  CHECK(host.send("f103") == "ff0393ceffffffff00cec0ffee01");
  CHECK(host.send("f104c0") == "ff0493ceffffffff00cec0ffee01");
  CHECK(host.send("f10500") == "fe059102");
  CHECK(host.send("f106c0c0") == "fe069102");
}

TEST_CASE_FIXTURE(Fixture, "only the next token runs, and the last answer is given again without running") {
  host.startSession();
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("0003") == "ff0300");
  CHECK(pings == 1);
  CHECK(host.send("0005") == "");
  CHECK(host.send("0002") == "");
  CHECK(pings == 1);
  CHECK(port.drops()[Drop::kToken] == 2);
  CHECK(host.send("0004") == "ff0400");
  CHECK(pings == 2);
  CHECK(host.send("0003") == "");
}

TEST_CASE_FIXTURE(Fixture, "a repeat under another action is answered from the cache all the same") {
  host.startSession();
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("fa03") == "ff0300");
  CHECK(pings == 1);
}

TEST_CASE_FIXTURE(Fixture, "SKIP takes the place of a call: ERROR 5, again when repeated, and the call never runs") {
  host.startSession();
  CHECK(host.send("fa03") == "fe039105");
  CHECK(host.send("fa03") == "fe039105");
  CHECK(host.send("0003") == "fe039105");
  CHECK(pings == 0);
  CHECK(host.send("fa0401") == "fe049102");
  CHECK(host.send("0005") == "ff0500");
}

TEST_CASE_FIXTURE(Fixture, "after token 255 comes 1") {
  host.startSession();
  for (int i = 3; i != 256 + 3; ++i) {
    const uint8_t token = static_cast<uint8_t>((i - 1) % 255 + 1);
    const uint8_t call[] = {0, token};
    const uint8_t reply[] = {0xFF, token, 0};
    REQUIRE(host.send(toHex(call, 2)) == toHex(reply, 3));
  }
  CHECK(pings == 256);
}

TEST_CASE_FIXTURE(Fixture, "every HELLO begins anew: token 2, and an empty cache") {
  host.startSession();
  CHECK(host.send("0003") == "ff0300");
  host.send("f0019401ce5eed1235cd1000cd03e8");
  CHECK(host.send("0003") == "");
  CHECK(host.send("0004") == "");
  CHECK(host.send("f102").substr(0, 4) == "ff02");
  CHECK(host.send("0003") == "ff0300");
  CHECK(pings == 2);
}

TEST_CASE_FIXTURE(Fixture, "a copy of HELLO before the TICK does no harm") {
  port.begin();
  host.take();
  for (int i = 0; i < 3; ++i) CHECK(host.send("f0019401ce5eed1234cd1000cd03e8").substr(0, 4) == "ff01");
  CHECK(host.send("f102").substr(0, 4) == "ff02");
}

TEST_CASE_FIXTURE(Fixture, "an action without a handler is ERROR 1") {
  host.startSession();
  CHECK(host.send("0703") == "fe039101");
  CHECK(host.send("0f0491c3") == "fe049101");
  CHECK(host.send("1005") == "fe059101");
  CHECK(host.send("ef06") == "fe069101");
}

TEST_CASE_FIXTURE(Fixture, "an action of the protocol that this device does not have is ERROR 1") {
  host.startSession();
  std::string expected;
  uint8_t token = 3;
  for (const char* action : {"f2", "f3", "f6", "f7", "f8", "f9", "fc", "fd"}) {
    CAPTURE(action);
    const uint8_t call[] = {token};
    const std::string t = toHex(call, 1);
    CHECK(host.send(action + t) == "fe" + t + "9101");
    ++token;
  }
}

TEST_CASE_FIXTURE(Fixture, "REPLY, ERROR and ACK that nobody waits for are counted") {
  host.startSession();
  CHECK(host.send("ff0300") == "");
  CHECK(host.send("fe039101") == "");
  CHECK(host.send("fb03") == "");
  CHECK(port.drops()[Drop::kMessage] == 3);
  CHECK(host.send("0003") == "ff0300");
}

TEST_CASE_FIXTURE(Fixture, "arguments reach the handler in its own types, and its result goes back") {
  host.startSession();
  CHECK(host.send("010391ca3fc00000") == "ff03ca40400000");
  CHECK(host.send("010491cb3ff8000000000000") == "ff04ca40400000");
  CHECK(host.send("01059103") == "ff05ca40c00000");
  CHECK(host.send("020692ccc8ff") == "ff06ccc7");
  CHECK(host.send("030791a3616263") == "ff07a3616263");
  CHECK(host.send("0508") == "ff0892fbc3");
  CHECK(host.send("0509c0") == "ff0992fbc3");
  CHECK(host.send("050a90") == "ff0a92fbc3");
  CHECK(host.send("02" "0b92cd00c8d0ff") == "ff0bccc7");
}

TEST_CASE_FIXTURE(Fixture, "an object of the user's is the handler's first argument") {
  host.startSession();
  CHECK(host.send("060391cd0100") == "ff03cd0100");
  CHECK(host.send("06049101") == "ff04cd0101");
  CHECK(total == 257);
}

TEST_CASE_FIXTURE(Fixture, "arguments that do not fit are ERROR 2, and the handler does not run") {
  host.startSession();
  const char* const bad[] = {
      "01",                  // none
      "0190",                // too few
      "019203ca3f800000",    // too many
      "0191ca3f8000",        // cut
      "0191c3",              // another type
      "0191a130",            // text is no number
      "01ca3f800000",        // no array
      "0191ca3f80000000",    // a byte after the value
      "0181ca3f800000",      // a map
      "0191c1",              // what msgpack never uses
      "0192ca3f800000",      // fewer than the head says
      "01dd00000001ca3f800000",
  };
  uint8_t token = 3;
  for (const char* message : bad) {
    CAPTURE(message);
    const std::string text = message;
    const std::string t = toHex(&token, 1);
    CHECK(host.send(text.substr(0, 2) + t + text.substr(2)) == "fe" + t + "9102");
    ++token;
  }
  CHECK(scales == 0);
  CHECK(host.send("020f92cd010000") == "fe0f9102");
  CHECK(host.send("02109200cc80") == "fe109102");
  CHECK(host.send("0211920000") == "ff1100");
}

TEST_CASE_FIXTURE(Fixture, "integers at the ends of their type pass, one beyond is ERROR 2") {
  port.on(kNegate, [](int16_t a, int32_t) { return static_cast<int16_t>(-a); });
  host.startSession();
  CHECK(host.send("080392d18001d280000000") == "ff03cd7fff");
  CHECK(host.send("080492cd7fffce7fffffff") == "ff04d18001");
  CHECK(host.send("080592cd800000") == "fe059102");
  CHECK(host.send("080692d2ffff7fff00") == "fe069102");
  CHECK(host.send("08079200ce80000000") == "fe079102");
  CHECK(host.send("08089200d3ffffffff7fffffff") == "fe089102");
  CHECK(host.send("08099200d3ffffffff80000000") == "ff0900");
}

TEST_CASE_FIXTURE(Fixture, "a text longer than the contract allows is ERROR 4") {
  host.startSession();
  CHECK(host.send("030391a83132333435363738") == "ff03a83132333435363738");
  CHECK(host.send("030491a9313233343536373839") == "fe049104");
}

TEST_CASE_FIXTURE(Fixture, "a handler may fail, with its own number or the protocol's, and the answer is kept") {
  host.startSession();
  CHECK(host.send("010391ff") == "fe039111");
  CHECK(host.send("010391ff") == "fe039111");
  CHECK(scales == 1);
  CHECK(host.send("010491cd0100") == "fe049106");
}

TEST_CASE_FIXTURE(Fixture, "a handler without a result may fail too, and with one it answers integer 0") {
  port.on(kSwitch, [](bool on) -> Result<void> {
    if (on) return Fail(18);
    return Result<void>();
  });
  host.startSession();
  CHECK(host.send("070391c3") == "fe039112");
  CHECK(host.send("070491c2") == "ff0400");
}

TEST_CASE_FIXTURE(Fixture, "a reply of one byte less than the slot, of the slot, and one more is ERROR 8") {
  host.startSession();
  // 64 bytes of content: action, token, bin 8 with its length, 60 bytes.
  CHECK(host.send("0403913b") == "ff03c43b" + toHex(filled, 59));
  CHECK(host.send("0404913c") == "ff04c43c" + toHex(filled, 60));
  CHECK(host.send("0405913d") == "fe059108");
  CHECK(host.send("0405913d") == "fe059108");
  CHECK(host.send("04069164") == "fe069108");
  CHECK(host.send("04079100") == "ff07c400");
}

TEST_CASE_FIXTURE(Fixture, "a call of one byte less than the buffer, of the buffer, and one more") {
  host.startSession();
  // 56 bytes of content; the text is refused by the contract, so it was read.
  const auto call = [](size_t textBytes, const char* token) {
    const uint8_t length = static_cast<uint8_t>(textBytes);
    return std::string("03") + token + "91d9" + toHex(&length, 1) + toHex(Content(textBytes, 'x'));
  };
  CHECK(call(51, "03").size() / 2 == 56);
  CHECK(host.send(call(50, "03")) == "fe039104");
  CHECK(host.send(call(51, "04")) == "fe049104");
  CHECK(host.send(call(52, "05")) == "");
  CHECK(port.drops()[Drop::kOversize] == 1);
  CHECK(host.send("0005") == "ff0500");
}

TEST_CASE_FIXTURE(Fixture, "a cast runs and is not answered; the cache stays as it was") {
  host.startSession();
  CHECK(host.send("010391ca3fc00000") == "ff03ca40400000");
  CHECK(host.send("0000") == "");
  CHECK(host.send("01009105") == "");
  CHECK(pings == 1);
  CHECK(scales == 2);
  CHECK(host.send("010391ca3fc00000") == "ff03ca40400000");
  CHECK(scales == 2);
}

TEST_CASE_FIXTURE(Fixture, "a cast that cannot run is counted") {
  host.startSession();
  CHECK(host.send("0f00") == "");
  CHECK(host.send("01009100ff") == "");
  CHECK(host.send("f100") == "");
  CHECK(host.send("f200") == "");
  CHECK(port.drops()[Drop::kMessage] == 4);
  CHECK(host.send("010091ff") == "");  // ran, and failed in its own way
  CHECK(port.drops()[Drop::kMessage] == 4);
}

TEST_CASE_FIXTURE(Fixture, "frames that are no messages are counted by their reason, and the session goes on") {
  host.startSession();
  Content crc = framed<Frames>(fromHex("0003"));
  crc[crc.size() - 2] ^= 1;
  host.put(crc);
  host.put(fromHex("0005010200"));
  host.put(framed<Frames>(fromHex("00")));
  host.put(fromHex("0068656c6c6f0a00"));
  CHECK(host.poll() == "");
  CHECK(port.drops()[Drop::kCrc] == 1);
  CHECK(port.drops()[Drop::kCobs] == 2);
  CHECK(port.drops()[Drop::kShort] == 1);
  CHECK(host.send("0003") == "ff0300");
}

TEST_CASE_FIXTURE(Fixture, "one poll runs at most one handler") {
  host.startSession();
  host.put("0003");
  host.put("0004");
  port.poll();
  CHECK(host.take() == "ff0300");
  port.poll();
  CHECK(host.take() == "ff0400");
}

TEST_CASE("poll inside a handler does nothing") {
  static Device<FakeLine<>, Contract>* self;
  Device<FakeLine<>, Contract> port;
  self = &port;
  Host<Device<FakeLine<>, Contract>> host(port);
  port.on(kPing, [] { self->poll(); });
  host.startSession();
  host.put("0003");
  host.put("0004");
  port.poll();
  CHECK(host.take() == "ff0300");
  CHECK(host.poll() == "ff0400");
}

TEST_CASE("a device that was made, but not begun, says nothing and obeys nothing but HELLO") {
  Bench port;
  Host<Bench> host(port);
  CHECK(host.poll() == "");
}

TEST_CASE("a text that does not fit the reply slot is nil, and one that just fits is told") {
  // Without the three texts there are 23 bytes of value here, and the slot holds 48.
  {
    typedef Device<FakeLine<Frames, 63, 50>, Contract> Roomy;
    Roomy port;
    Host<Roomy> host(port);
    port.begin();
    CHECK(host.take() == "f0009f01c0cec0ffee01043f3801ce1122334400000" "0cd03e8a5312e322e33a562656e6368a137");
  }
  struct Long : Contract {
    static const char* name() {
      PORTWIRE_FLASH_TEXT(kLong, "seventeen-bytes-a");
      return kLong;
    }
  };
  struct Fitting : Contract {
    static const char* name() {
      PORTWIRE_FLASH_TEXT(kFitting, "sixteen-bytes-ab");
      return kFitting;
    }
  };
  {
    Device<FakeLine<Frames, 63, 50>, Fitting> port;
    Host<Device<FakeLine<Frames, 63, 50>, Fitting>> host(port);
    port.begin();
    const std::string hello = host.take();
    CHECK(hello.size() / 2 == 50);
    CHECK(hello.substr(hello.size() - 38) == "b07369787465656e2d62797465732d6162a137");
  }
  {
    Device<FakeLine<Frames, 63, 50>, Long> port;
    Host<Device<FakeLine<Frames, 63, 50>, Long>> host(port);
    port.begin();
    const std::string hello = host.take();
    // The name took the room of what comes after it.
    CHECK(hello.substr(hello.size() - 4) == "61c0");
  }
}

TEST_CASE("a window of 4 keeps the last four answers") {
  typedef Device<FakeLine<Frames, 255, 64, 4>, Contract> Wide;
  Wide port;
  Host<Wide> host(port);
  static int runs;
  runs = 0;
  port.on(kPing, [] { ++runs; });
  port.begin();
  CHECK(host.take().find("ccffccf804") != std::string::npos);
  host.resume();
  for (const char* call : {"0003", "0004", "0005", "0006"}) host.send(call);
  CHECK(runs == 4);
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("0006") == "ff0600");
  CHECK(host.send("f102") == "");
  host.send("0007");
  CHECK(host.send("0003") == "");
  CHECK(host.send("0004") == "ff0400");
  CHECK(runs == 5);
}

TEST_CASE("the same session speaks bare packets") {
  typedef Device<FakeLine<Packets>, Contract> Bare;
  Bare port;
  Host<Bare, Packets> host(port);
  port.on(kPing, [] {});
  host.startSession();
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("0003") == "ff0300");
}
