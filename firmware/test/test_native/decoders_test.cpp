// Decoders at their exact limits, and under bytes that nobody should send. The sanitizers see what is read or written behind a buffer.
#include "support.h"

#include <random>

using namespace portwire;

namespace {

PORTWIRE_FLASH_TEXT(kName, "bench");
PORTWIRE_FLASH_TEXT(kVersion, "1");
PORTWIRE_FLASH_TEXT(kFirmware, "1.0.0");

struct Contract : ContractBase {
  static constexpr uint32_t kHash = 0x11223344;
  static constexpr uint8_t kActions = 4;
  static constexpr uint8_t kIndexes = 4;
  static const char* name() { return kName; }
  static const char* version() { return kVersion; }
  static const char* firmwareVersion() { return kFirmware; }
};

constexpr Action<0, void(uint8_t, bool, float, Text<8>, Bytes<4>)> kAll = {};
constexpr Action<1, uint16_t(uint8_t, int8_t)> kAdd = {};

typedef Device<FakeLine<>, Contract> Bench;

int ran = 0;

struct Fixture {
  Bench port;
  Host<Bench> host;

  Fixture() : host(port) {
    ran = 0;
    port.on(kAll, [](uint8_t, bool, float, Text<8>, Bytes<4>) { ++ran; });
    port.on(kAdd, [](uint8_t a, int8_t b) {
      ++ran;
      return static_cast<uint16_t>(a + b);
    });
    host.startSession();
  }

  /// What a call with the next token is answered, without its token.
  std::string call(const std::string& action, const std::string& value) {
    const uint8_t token[] = {next++};
    const std::string answer = host.send(action + toHex(token, 1) + value);
    REQUIRE(answer.size() >= 4);
    REQUIRE(answer.substr(2, 2) == toHex(token, 1));
    return answer.substr(0, 2) + " " + answer.substr(4);
  }

  uint8_t next = 3;
};

std::string of(size_t count, const char* hex) {
  std::string all;
  while (count-- != 0) all += hex;
  return all;
}

const char* const kBombs[] = {"ddffffffff", "dfffffffff", "dcffff", "deffff", "dbffffffff", "daffff", "c6ffffffff", "c5ffff", "c9ffffffff00"};

/// The ERROR with this number that names an argument, counted from 1.
std::string wrongArgument(const char* number, size_t which) {
  return std::string("fe 92") + number + "aa617267756d656e7420" + "3" + static_cast<char>('0' + which);
}

/// True when any reader takes the bytes as a value other than the head of an array.
bool isTaken(const Content& bytes) {
  uint32_t number;
  int32_t integer;
  float real;
  bool flag;
  const char* text;
  const uint8_t* data;
  size_t length;
  const auto reader = [&bytes] { return Reader(bytes.data(), bytes.size()); };
  return reader().readUnsigned(&number, 0xFFFFFFFF) == Status::kOk || reader().readSigned(&integer, 0x7FFFFFFF) == Status::kOk ||
         reader().readFloat(&real) == Status::kOk || reader().readBool(&flag) == Status::kOk ||
         reader().readText(&text, &length) == Status::kOk || reader().readBytes(&data, &length) == Status::kOk;
}

}  // namespace

TEST_CASE("D1: content of one byte less than the maximum, of the maximum and of one more, in frames and packets") {
  struct {
    Frames::Receiver<56> frames;
    uint8_t behindFrames[16];
    Packets::Receiver<56> packets;
    uint8_t behindPackets[16];
  } memory;
  for (uint8_t& byte : memory.behindFrames) byte = 0xA5;
  for (uint8_t& byte : memory.behindPackets) byte = 0xA5;
  for (size_t bytes : {55u, 56u, 57u, 300u}) {
    CAPTURE(bytes);
    const Content content(bytes, 0x5A);
    const Received expected = bytes <= 56 ? Received::kMessage : Received::kDropped;
    Received last = Received::kNothing;
    for (uint8_t byte : framed<Frames>(content)) last = memory.frames.push(byte);
    CHECK(last == expected);
    if (expected == Received::kMessage) CHECK(toHex(memory.frames.content(), memory.frames.contentBytes()) == toHex(content));
    // A packet that is too long is told at its length; where the next begins cannot be known.
    memory.packets = Packets::Receiver<56>();
    bool dropped = false;
    for (uint8_t byte : framed<Packets>(content)) {
      last = memory.packets.push(byte);
      dropped = dropped || last == Received::kDropped;
    }
    CHECK(dropped == (expected == Received::kDropped));
    CHECK((last == Received::kMessage) == (expected == Received::kMessage));
    if (expected == Received::kMessage) CHECK(toHex(memory.packets.content(), memory.packets.contentBytes()) == toHex(content));
  }
  for (uint8_t byte : memory.behindFrames) CHECK(byte == 0xA5);
  for (uint8_t byte : memory.behindPackets) CHECK(byte == 0xA5);
}

TEST_CASE("D1: texts, bytes, integers and counts of arguments at their limits, one below and one above") {
  Fixture fixture;
  const auto all = [&fixture](const std::string& text, const std::string& bytes) {
    return fixture.call("00", "9505c3ca3f800000" + text + bytes);
  };
  CHECK(all("a7" + of(7, "61"), "c403" + of(3, "01")) == "ff 00");
  CHECK(all("a8" + of(8, "61"), "c404" + of(4, "01")) == "ff 00");
  CHECK(ran == 2);
  CHECK(all("a9" + of(9, "61"), "c404" + of(4, "01")) == wrongArgument("04", 4));
  CHECK(all("a8" + of(8, "61"), "c405" + of(5, "01")) == wrongArgument("04", 5));
  CHECK(fixture.call("01", "92ccfe7e") == "ff cd017c");
  CHECK(fixture.call("01", "92ccff7f") == "ff cd017e");
  CHECK(fixture.call("01", "92ccffd080") == "ff 7f");
  CHECK(ran == 5);
  CHECK(fixture.call("01", "92cd01007f") == wrongArgument("02", 1));
  CHECK(fixture.call("01", "92ccffcc80") == wrongArgument("02", 2));
  CHECK(fixture.call("01", "92ccffd1ff7f") == wrongArgument("02", 2));
  CHECK(fixture.call("01", "9101") == "fe 9102");
  CHECK(fixture.call("01", "93010203") == "fe 9102");
  CHECK(ran == 5);
}

TEST_CASE("D2: what declares gigabytes is refused, and the next call works") {
  Fixture fixture;
  for (const char* bomb : kBombs) {
    CAPTURE(bomb);
    CHECK_FALSE(isTaken(fromHex(bomb)));
    CHECK(fixture.call("01", bomb) == "fe 9102");
    CHECK(fixture.call("01", std::string("92") + bomb) == wrongArgument("02", 1));
    CHECK(fixture.call("01", "920102") == "ff 03");
  }
  CHECK(ran == static_cast<int>(sizeof kBombs / sizeof *kBombs));
}

TEST_CASE("D2: a million arrays within each other cost no stack and no value") {
  const Content nested(1000000, 0x91);
  Reader reader(nested.data(), nested.size());
  uint16_t items = 0;
  size_t depth = 0;
  while (reader.readArray(&items) == Status::kOk) ++depth;
  CHECK(depth == nested.size());
  CHECK(reader.atEnd());
  CHECK_FALSE(isTaken(nested));
  Fixture fixture;
  CHECK(fixture.call("01", of(54, "91")) == "fe 9102");
  CHECK(fixture.call("01", "920102") == "ff 03");
}

TEST_CASE("D3: a value of the wrong type in any place is refused by its number, and the handler does not run") {
  Fixture fixture;
  const std::string good[] = {"05", "c3", "ca3f800000", "a161", "c40101"};
  const char* const wrong[][3] = {{"c3", "a161", "c0"}, {"05", "a0", "c0"}, {"a161", "c3", "c0"}, {"c40101", "05", "c0"}, {"a161", "05", "90"}};
  for (size_t place = 0; place < 5; ++place) {
    for (const char* value : wrong[place]) {
      CAPTURE(place);
      CAPTURE(value);
      std::string arguments = "95";
      for (size_t i = 0; i < 5; ++i) arguments += i == place ? value : good[i];
      CHECK(fixture.call("00", arguments) == wrongArgument("02", place + 1));
    }
  }
  CHECK(ran == 0);
  CHECK(fixture.call("00", "95" + good[0] + good[1] + good[2] + good[3] + good[4]) == "ff 00");
  CHECK(ran == 1);
}

TEST_CASE("D4: after any random and mutated messages the next session and call work") {
  const unsigned seed = 20260101;
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  Fixture fixture;
  const Content models[] = {fromHex("0103920102"), fromHex("00039505c3ca3f800000a161c40101"), fromHex("f103"), fromHex("f403920001"),
                            fromHex("fa03"), fromHex("f0019401ce5eed1234cd1000cd03e8")};
  for (int round = 0; round < 20000; ++round) {
    for (unsigned long n = random() % 6; n != 0; --n) {
      Content content = models[random() % (sizeof models / sizeof *models)];
      for (unsigned long flips = random() % 4; flips != 0; --flips)
        content[random() % content.size()] = static_cast<uint8_t>(random() & 0xFF);
      if (random() % 4 == 0) content.resize(random() % 56, static_cast<uint8_t>(random() & 0xFF));
      Content wire = random() % 5 == 0 ? content : framed<Frames>(content);
      if (!wire.empty() && random() % 5 == 0) wire.resize(random() % wire.size() + 1);
      fixture.host.put(wire);
    }
    // A delimiter ends what is still open.
    fixture.host.put(Content(1, 0));
    fixture.host.poll();
    fixture.host.resume();
    const std::string answer = fixture.host.send("0103920102");
    if (answer != "ff0303") FAIL("round " << round << ": " << answer);
  }
}

TEST_CASE("a counter of drops stops at 65,535") {
  Drops drops;
  for (uint32_t i = 0; i < 65534; ++i) drops.add(Drop::kCrc);
  CHECK(drops[Drop::kCrc] == 65534);
  for (int more = 0; more < 2; ++more) {
    drops.add(Drop::kCrc);
    CHECK(drops[Drop::kCrc] == 65535);
  }
  drops.add(Drop::kShort);
  CHECK(drops.frames() == 65536);
}

TEST_CASE("an integer is no text and no bytes, not even -1 with bytes enough behind it") {
  for (unsigned format = 0; format < 256; ++format) {
    CAPTURE(format);
    Content bytes(300, 0);
    bytes[0] = static_cast<uint8_t>(format);
    Text<> text = {nullptr, 0};
    Bytes<> data = {nullptr, 0};
    Reader first(bytes.data(), bytes.size());
    Reader second(bytes.data(), bytes.size());
    const bool isText = (format >= 0xA0 && format < 0xC0) || (format >= 0xD9 && format <= 0xDB);
    const bool isBytes = format >= 0xC4 && format <= 0xC6;
    CHECK(detail::Wire<Text<>>::read(first, &text) == (isText ? Status::kOk : Status::kWrongType));
    CHECK(detail::Wire<Bytes<>>::read(second, &data) == (isBytes ? Status::kOk : Status::kWrongType));
  }
}
