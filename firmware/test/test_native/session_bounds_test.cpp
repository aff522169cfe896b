// Hello, LOG, DESCRIBE, indexes, numbers of errors and clocks at their exact limits, one below and one above.
#include "support.h"

using namespace portwire;

namespace {

struct Contract : ContractBase {
  static constexpr uint32_t kHash = 0xFFFFFFFF;
  static constexpr uint8_t kActions = 240;
  static constexpr uint8_t kIndexes = 240;
};
constexpr Action<0, void(uint8_t)> kFail = {};
constexpr Action<238, uint8_t()> kLast = {};
constexpr Action<239, uint8_t()> kVeryLast = {};
constexpr Event<7> kSeven = {};
constexpr Event<8> kEight = {};
constexpr Event<239> kHighest = {};
constexpr AcknowledgedEvent<10, uint16_t> kAlarm = {};

/// A contract whose only text is a name of so many bytes.
std::string nameText;
struct Named : ContractBase {
  static const char* name() { return nameText.c_str(); }
};

const std::string kLetters(700, 'a');
template <uint16_t kBytes> struct Described : ContractBase {
  static constexpr uint16_t kDescriptorBytes = kBytes;
  static const char* descriptor() { return kLetters.data(); }
};

template <class PortType> struct With {
  typedef PortType Port;
  Port port;
  Host<Port> host;
  With() : host(port) {}
};

std::string of(size_t count, const char* hex) {
  std::string all;
  while (count-- != 0) all += hex;
  return all;
}
std::string hex2(size_t number) {
  const uint8_t byte = static_cast<uint8_t>(number);
  return toHex(&byte, 1);
}

/// The sizes in the announcement of a device with such a ring, which takes 7 bytes less as content.
template <size_t kRing> std::string sizesOf() {
  With<Device<FakeLine<Frames, kRing>, ContractBase>> with;
  with.port.begin();
  const std::string said = with.host.take();
  CHECK(said.substr(0, 22) == "f0009f01c0cec0ffee0104");
  return said.substr(22, said.find("0100000000cd03e8c0c0c0") - 22);
}

/// What LOG says of so many letters.
template <uint8_t kMaxTextBytes> std::string logged(size_t letters) {
  With<Device<FakeLine<>, ContractBase, Log<kMaxTextBytes>>> with;
  with.port.log(Severity::kInfo, kLetters.substr(0, letters).c_str());
  return with.host.take();
}

/// The first piece of a descriptor of so many bytes, and the one after it.
template <uint16_t kBytes, size_t kReply> void checkPieces(const std::string& total, size_t pieceBytes, const std::string& head, size_t restBytes) {
  With<Device<FakeLine<Frames, 63, kReply>, Described<kBytes>, Describe>> with;
  with.host.startSession();
  const std::string first = with.host.send("f20300");
  CHECK(first == "ff0392" + total + head + of(pieceBytes, "61"));
  CHECK(first.size() / 2 <= kReply);
  const std::string offset = pieceBytes < 128 ? hex2(pieceBytes) : "cd" + hex2(pieceBytes >> 8) + hex2(pieceBytes & 0xFF);
  CHECK(with.host.send("f204" + offset) == "ff0492" + total + "c4" + hex2(restBytes) + of(restBytes, "61"));
}

/// As much as HELLO can have to say: a ring of five bytes' size, a window of 64, and the shortest answers that the library takes.
template <size_t kReply> struct LargeLine : FakeLine<Frames, 65000, kReply, 64> {
  static constexpr size_t kReceiveBytes = 70000;
};
typedef BaudRates<9600, 100001, 100002, 100003, 100004, 100005, 100006, 100007, 100008, 100009, 100010, 100011, 100012, 100013,
                  100014, 100015>
    FifteenRates;
typedef BaudRates<9600, 100001, 100002, 100003, 100004, 100005, 100006, 100007, 100008, 100009, 100010, 100011, 100012, 100013, 100014>
    FourteenRates;

/// HELLO with all its numbers at their longest fills the reply of `kReply` bytes, and asks for the last of `kCount` rates.
template <class Rates, size_t kCount, size_t kReply> void checkRates() {
  typedef Device<LargeLine<kReply>, Contract, Rates, DeadMan, AcknowledgedEvents<64, 5>> Port;
  static Port port;
  Host<Port> host(port);
  port.deadMan(0xFFFFFFFF, [] {});
  host.startSession();
  for (size_t i = 0; i < 1024; ++i) {
    for (int k = 0; k < 64; ++k) REQUIRE(port.emit(kAlarm, 1));
    port.poll();
    host.put("fb" + hex2((64 * (i + 1) - 1) % 255 + 1));
    port.poll();
    port.line().output.clear();
  }
  REQUIRE(port.keptEvents() == 0);
  FakeBoard::now = 0xFFFFFFFF;
  const std::string rate = "ce000186" + hex2(0xA0 + kCount);
  const std::string said = host.send("f0019501ce5eed1234cd1000cd03e8" + rate);
  std::string rates = "9" + hex2(kCount).substr(1);
  for (size_t i = 1; i <= kCount; ++i) rates += "ce000186" + hex2(0xA0 + i);
  CHECK(said.size() / 2 == kReply);
  CHECK(said == "ff01dc001001ce5eed1234cec0ffee0104ce00011170cdfde140ceffffffffce00010000ceffffffffcd0c02ceffffffffc0c0c0" + rates);
  CHECK(port.baudRate() == 100000 + kCount);
}

int fired = 0;

}  // namespace

TEST_CASE("HELLO tells sizes in their shortest form on both sides of 127 and 255") {
  CHECK(sizesOf<126>() == "7e77");
  CHECK(sizesOf<127>() == "7f78");
  CHECK(sizesOf<128>() == "cc8079");
  CHECK(sizesOf<134>() == "cc867f");
  CHECK(sizesOf<135>() == "cc87cc80");
  CHECK(sizesOf<262>() == "cd0106ccff");
  CHECK(sizesOf<263>() == "cd0107cd0100");
}

TEST_CASE("a text of HELLO has 30 or 31 bytes; one of 32 or more is nil, however long it is") {
  for (size_t bytes : {0u, 1u, 30u, 31u, 32u, 255u, 256u, 257u, 600u}) {
    CAPTURE(bytes);
    nameText = kLetters.substr(0, bytes);
    With<Device<FakeLine<Frames, 63, 200>, Named>> with;
    with.port.begin();
    const std::string told = bytes == 0 || bytes > 31 ? "c0" : hex2(0xA0 + bytes) + of(bytes, "61");
    const std::string said = with.host.take();
    const std::string expected = "cd03e8c0" + told + "c0";
    REQUIRE(said.size() > expected.size());
    CHECK(said.substr(said.size() - expected.size()) == expected);
  }
}

TEST_CASE("14 and 15 baud rates just fit the reply to HELLO when all its numbers are at their longest") {
  checkRates<FourteenRates, 14, kMessageBytes + 51 + 5 * 14>();
  checkRates<FifteenRates, 15, kMessageBytes + 51 + 5 * 15>();
}

TEST_CASE("LOG sends a text of one byte less than its maximum, of the maximum, and cuts one more: 8, 31, 32 and 255") {
  CHECK(logged<8>(7) == "f5009206a7" + of(7, "61"));
  CHECK(logged<8>(8) == "f5009206a8" + of(8, "61"));
  CHECK(logged<8>(9) == "f5009206a8" + of(8, "61"));
  CHECK(logged<31>(30) == "f5009206be" + of(30, "61"));
  CHECK(logged<31>(31) == "f5009206bf" + of(31, "61"));
  CHECK(logged<31>(32) == "f5009206bf" + of(31, "61"));
  CHECK(logged<32>(32) == "f5009206d920" + of(32, "61"));
  CHECK(logged<32>(33) == "f5009206d920" + of(32, "61"));
  CHECK(logged<255>(254) == "f5009206d9fe" + of(254, "61"));
  CHECK(logged<255>(255) == "f5009206d9ff" + of(255, "61"));
  CHECK(logged<255>(256) == "f5009206d9ff" + of(255, "61"));
  CHECK(logged<255>(600) == "f5009206d9ff" + of(255, "61"));
}

TEST_CASE("a piece of DESCRIBE: a descriptor of one byte less than its room, of the room, and of one more") {
  checkPieces<54, 64>("36", 54, "c436", 0);
  checkPieces<55, 64>("37", 55, "c437", 0);
  checkPieces<56, 64>("38", 55, "c437", 1);
  checkPieces<700, 263>("cd02bc", 254, "c4fe", 254);
  checkPieces<509, 264>("cd01fd", 255, "c4ff", 254);
  checkPieces<300, 265>("cd012c", 256, "c50100", 44);
  checkPieces<350, 309>("cd015e", 300, "c5012c", 50);
}

TEST_CASE("DESCRIBE from one byte before the end, at the end, and behind it, beyond 65,535 too") {
  With<Device<FakeLine<>, Described<55>, Describe>> with;
  with.host.startSession();
  CHECK(with.host.send("f20336") == "ff039237c40161");
  CHECK(with.host.send("f20437") == "ff049237c400");
  CHECK(with.host.send("f20538") == "ff059237c400");
  CHECK(with.host.send("f206cdffff") == "ff069237c400");
  CHECK(with.host.send("f207ce00010000") == "ff079237c400");
  CHECK(with.host.send("f208ceffffffff") == "ff089237c400");
  CHECK(with.host.send("f209cf0000000100000000") == "fe099102");
}

TEST_CASE("an action of the last index, 239, runs, and an event of the last index is bound; 240 is none") {
  With<Device<FakeLine<>, Contract, PlainEvents>> with;
  with.port.on(kLast, [] { return uint8_t(38); });
  with.port.on(kVeryLast, [] { return uint8_t(39); });
  with.host.startSession();
  CHECK(with.host.send("ee03") == "ff0326");
  CHECK(with.host.send("ef04") == "ff0427");
  CHECK(with.host.send("f30592ccf0c3") == "fe059102");
  CHECK_FALSE(with.port.emit(kHighest));
  CHECK(with.host.send("f30692ccefc3") == "ff0600");
  CHECK(with.port.emit(kHighest));
  CHECK(with.host.take() == "ef00");
  CHECK(with.host.send("f3079207c3") == "ff0700");
  CHECK_FALSE(with.port.emit(kEight));
  CHECK(with.host.send("f3089208c3") == "ff0800");
  CHECK(with.host.send("f3099207c2") == "ff0900");
  CHECK(with.port.emit(kEight));
  CHECK_FALSE(with.port.emit(kSeven));
}

TEST_CASE("a cast that fails by a number of the protocol, up to 15, is dropped; from 16 on it has run") {
  With<Device<FakeLine<>, Contract>> with;
  with.port.on(kFail, [](uint8_t code) -> Result<void> { return Fail(code); });
  with.host.startSession();
  for (const char* cast : {"00009110", "00009111", "000091ccff", "00009100"}) CHECK(with.host.send(cast) == "");  // 0 is told as 16
  CHECK(with.port.drops()[Drop::kMessage] == 0);
  for (const char* cast : {"0000910f", "0000910e", "00009101"}) CHECK(with.host.send(cast) == "");
  CHECK(with.port.drops()[Drop::kMessage] == 3);
  CHECK(with.host.send("00039110") == "fe039110");
  CHECK(with.host.send("0004910f") == "fe04910f");
  CHECK(with.host.send("00059100") == "fe059110");
}

TEST_CASE("the dead-man and the trial of a baud rate last as long across the end of the clock") {
  With<Device<FakeLine<>, ContractBase, DeadMan>> guarded;
  fired = 0;
  guarded.port.deadMan(3000, [] { ++fired; });
  guarded.host.startSession();
  FakeBoard::now = 0xFFFFFFFF - 1000;
  CHECK(guarded.host.send("f103") != "");
  guarded.host.after(2999);
  CHECK(fired == 0);
  guarded.host.after(1);
  CHECK(fired == 1);

  for (uint32_t start : {0xFFFFu - 500, 0xFFFFFFFFu - 500}) {
    CAPTURE(start);
    With<Device<FakeLine<Frames, 63, 128>, ContractBase, BaudRates<9600, 115200>>> fast;
    fast.port.begin();
    fast.host.take();
    FakeBoard::now = start;
    CHECK(fast.host.send("f0019501ce5eed1234cd1000cd07d0ce0001c200") != "");
    fast.host.after(999);
    CHECK(fast.port.baudRate() == 115200);
    fast.host.after(1);
    CHECK(fast.port.baudRate() == 9600);
    CHECK(fast.host.send("f0019501ce5eed1234cd1000cd07d0ce0001c200") != "");
    CHECK(fast.host.send("f102") != "");
    fast.host.after(5999);
    CHECK(fast.port.baudRate() == 115200);
    fast.host.after(1);
    CHECK(fast.port.baudRate() == 9600);
  }
}
