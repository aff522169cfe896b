// Plain events, LOG, RESET, END_OF_INPUT, STATS, DESCRIBE and the dead-man.
#include "support.h"

using namespace portwire;

namespace {

// 141 bytes, which an answer of 64 does not hold: 3 pieces.
PORTWIRE_FLASH_TEXT(kDescriptor,
                    "bench\n"
                    "0 action ping()->void\n"
                    "9 event reading(celsius:f32,humidity:f32)\n"
                    "10 event! alarm(number:u32)\n"
                    "11 event bare()\n"
                    "12 event text(word:str(4))\n");

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 1;
  static constexpr uint8_t kIndexes = 13;
  static constexpr uint16_t kDescriptorBytes = sizeof kDescriptor - 1;
  static const char* descriptor() { return kDescriptor; }
};
constexpr Action<0, void()> kPing = {};
constexpr Event<9, float, float> kReading = {};
constexpr AcknowledgedEvent<10, uint32_t> kAlarm = {};
constexpr Event<11> kBare = {};
constexpr Event<12, Text<4>> kText = {};

typedef Device<FakeLine<>, Contract, PlainEvents> Plain;
typedef Device<FakeLine<>, Contract, Log<8>> Logging;
typedef Device<FakeLine<>, Contract, RemoteReset> Resettable;
typedef Device<FakeLine<>, Contract, EndOfInput, AcknowledgedEvents<4>> Ending;
typedef Device<FakeLine<>, Contract, DeadMan> Guarded;
/// Noise without a zero, as fast as it is read; 100,000 bytes of it, so that a poll() that waits for its end comes back.
struct FloodedLine : FakeLine<> {
  bool available() { return (flooded && noise < 100000) || FakeLine::available(); }
  uint8_t read() { return flooded && noise < 100000 ? ++noise, uint8_t(0x55) : FakeLine::read(); }
  bool flooded = false;
  uint32_t noise = 0;
};
typedef Device<FloodedLine, Contract, DeadMan> Flooded;
typedef Device<FakeLine<>, Contract, Stats, AcknowledgedEvents<2, 6>> Counting;
typedef Device<FakeLine<>, Contract, AcknowledgedEvents<2, 6>, Stats> CountingBelow;
typedef Device<FakeLine<>, Contract, Describe> Describing;
typedef Device<FakeLine<Packets, 4096, 2000>, Contract, Describe> DescribingAtOnce;

template <class Port> struct With {
  Port port;
  Host<Port> host;
  With() : host(port) {}
};

/// `features` of an announcement of a device without deadManMs: the 11th field.
std::string featuresOf(const std::string& announcement) {
  const Content bytes = fromHex(announcement.substr(4));
  Reader reader(bytes.data(), bytes.size());
  uint16_t fields = 0;
  uint32_t value = 0;
  CHECK(reader.readArray(&fields) == Status::kOk);
  for (int i = 0; i < 11; ++i)
    if (i != 1)
      CHECK(reader.readUnsigned(&value, 0xFFFFFFFF) == Status::kOk);
    else
      CHECK(reader.takeNil());
  return std::to_string(value);
}

int fired = 0;

}  // namespace

TEST_CASE_FIXTURE(With<Plain>, "a plain event is sent only in a session and only when bound") {
  port.begin();
  host.take();
  CHECK_FALSE(port.emit(kReading, 1, 2));
  host.resume();
  CHECK_FALSE(port.emit(kReading, 1, 2));
  CHECK(host.take() == "");
  CHECK(host.send("f3039209c3") == "ff0300");
  CHECK(port.bound(kReading));
  CHECK_FALSE(port.bound(kBare));
  CHECK(port.emit(kReading, 21.5f, 40));
  CHECK(host.take() == "090092ca41ac0000ca42200000");
  CHECK(host.send("f3049209c2") == "ff0400");
  CHECK_FALSE(port.emit(kReading, 1, 2));
}

TEST_CASE_FIXTURE(With<Plain>, "an event without fields has no value") {
  host.startSession();
  host.send("f303920bc3");
  host.send("f304920cc3");
  CHECK(port.emit(kBare));
  CHECK(port.emit(kText, text<4>("abcdef")));
  CHECK(host.take() == "0b00 0c0091a461626364");
}

TEST_CASE_FIXTURE(With<Plain>, "TICK tells how many plain events were sent in this session") {
  host.startSession();
  host.send("f3039209c3");
  for (int i = 0; i < 200; ++i) port.emit(kReading, 1, 2);
  host.take();
  CHECK(host.send("f104") == "ff0493cd03e8ccc8ce" "c0ffee01");
  host.resume();
  CHECK(host.send("f103") == "ff0393cd03e800ce" "c0ffee01");
  CHECK_FALSE(port.emit(kReading, 1, 2));
}

TEST_CASE_FIXTURE(With<Plain>, "after HELLO a plain event waits for the TICK, and for its BIND again") {
  host.startSession();
  host.send("f3039209c3");
  host.send("f0019401ce5eed1234cd1000cd03e8");
  CHECK_FALSE(port.emit(kReading, 1, 2));
  host.send("f102");
  CHECK_FALSE(port.emit(kReading, 1, 2));
}

TEST_CASE_FIXTURE(With<Plain>, "BIND with bad arguments is ERROR 2: another count, beyond the contract, no bool, bytes after it") {
  host.startSession();
  CHECK(host.send("f3039109") == "fe039102");
  CHECK(host.send("f304920dc3") == "fe049102");
  CHECK(host.send("f305920901") == "fe059102");
  CHECK(host.send("f3069209c3c3") == "fe069102");
  CHECK(host.send("f307") == "fe079102");
  CHECK(host.send("f308920cc3") == "ff0800");
}

TEST_CASE_FIXTURE(With<Logging>, "LOG needs no session, and is cut between two characters") {
  port.log(Severity::kWarning, "pump dry");
  CHECK(host.take() == "f5009204a870756d7020647279");
  port.log(Severity::kDebug, "pump dry!");
  CHECK(host.take() == "f5009207a870756d7020647279");
  port.log(Severity::kDebug, "1234567\xC2\xB0" "C");
  CHECK(host.take() == "f5009207a731323334353637");
  port.log(Severity::kEmergency, "");
  CHECK(host.take() == "f5009200a0");
}

TEST_CASE_FIXTURE(With<Resettable>, "only the boot that RESET names obeys, in a session and without one, whatever the token") {
  port.begin();
  host.take();
  CHECK(host.send("f4009200cec0ffee01") == "");
  CHECK(FakeBoard::restarts == 1);
  CHECK(port.line().flushes == 1);
  host.resume();
  CHECK(host.send("f4009200cec0ffee01") == "");
  CHECK(host.send("f4519200cec0ffee01") == "");
  CHECK(FakeBoard::restarts == 3);
  CHECK(host.send("f4009200cec0ffee02") == "");
  CHECK(host.send("f4009201cec0ffee01") == "");
  CHECK(host.send("f4009100") == "");
  CHECK(FakeBoard::restarts == 3);
  CHECK(port.drops()[Drop::kMessage] == 3);
}

TEST_CASE_FIXTURE(With<Resettable>, "without a session RESET for another boot is answered by the announcement") {
  port.begin();
  host.take();
  CHECK(host.send("f4009200cec0ffee02").substr(0, 4) == "f000");
  CHECK(host.send("f4059200cec0ffee02").substr(0, 4) == "f000");
  CHECK(FakeBoard::restarts == 0);
}

TEST_CASE_FIXTURE(With<Ending>, "END_OF_INPUT runs its handler once, is answered, and EXIT is an event") {
  fired = 0;
  port.onEndOfInput([] { ++fired; });
  host.startSession();
  CHECK(host.send("f703") == "ff0300");
  CHECK(host.send("f703") == "ff0300");
  CHECK(fired == 1);
  CHECK(host.send("f70401") == "fe049102");
  CHECK(port.exit(3));
  CHECK(host.poll() == "f80103");
  CHECK(port.keptEvents() == 1);
  CHECK(host.send("fb01") == "");
  CHECK(port.keptEvents() == 0);
}

TEST_CASE_FIXTURE(With<Guarded>, "the dead-man runs once when no good frame of a session came for so long") {
  fired = 0;
  port.deadMan(3000, [] { ++fired; });
  port.on(kPing, [] {});
  port.begin();
  CHECK(host.take().find("cd0bb8cd0400") != std::string::npos);
  host.after(10000);
  CHECK(fired == 0);  // no session yet
  host.resume();
  host.after(2999);
  CHECK(fired == 0);
  host.after(1);
  CHECK(fired == 1);
  host.after(9000);
  CHECK(fired == 1);
  host.send("0003");
  host.after(2999);
  host.send("0003");  // a repeat is a good frame too
  host.after(2999);
  CHECK(fired == 1);
  host.after(1);
  CHECK(fired == 2);
}

TEST_CASE_FIXTURE(With<Guarded>, "the dead-man looks only when everything that came has been read") {
  fired = 0;
  port.deadMan(3000, [] { ++fired; });
  port.on(kPing, [] { FakeBoard::now += 5000; });
  host.startSession();
  host.put("0003");
  host.put("0004");
  port.poll();
  CHECK(fired == 0);
  port.poll();
  port.poll();
  CHECK(fired == 0);
  FakeBoard::now += 4000;
  host.put("f105");
  port.poll();
  CHECK(fired == 0);
  host.after(3000);
  CHECK(fired == 1);
}

TEST_CASE("poll() inside the handlers of END_OF_INPUT and of the dead-man does nothing, and what came is handled after them") {
  typedef Device<FakeLine<Frames, 255>, Contract, EndOfInput, DeadMan> Port;
  static Port* self;
  Port port;
  self = &port;
  Host<Port> host(port);
  fired = 0;
  port.on(kPing, [] { ++fired; });
  port.onEndOfInput([] {
    for (int i = 0; i < 3; ++i) self->poll();
    CHECK(fired == 0);
  });
  port.deadMan(3000, [] {
    for (uint8_t byte : framed<Frames>(fromHex("0005"))) self->line().input.push_back(byte);
    self->poll();
    CHECK(fired == 1);
  });
  host.startSession();
  host.put("f703");
  host.put("0004");
  port.poll();
  CHECK(host.take() == "ff0300");
  CHECK(host.poll() == "ff0400");
  CHECK(fired == 1);
  CHECK(host.after(3000) == "ff0500");
  CHECK(fired == 2);
}

TEST_CASE_FIXTURE(With<Guarded>, "noise is no sign of life") {
  fired = 0;
  port.deadMan(3000, [] { ++fired; });
  host.startSession();
  FakeBoard::now += 2999;
  host.put(fromHex("00ffeedd00"));
  host.poll();
  host.after(1);
  CHECK(fired == 1);
}

TEST_CASE_FIXTURE(With<Flooded>, "noise that comes as fast as it is read keeps neither poll() nor the dead-man") {
  fired = 0;
  port.deadMan(3000, [] { ++fired; });
  host.startSession();
  port.line().flooded = true;
  port.poll();
  CHECK((port.line().noise >= 63 && port.line().noise < 300));  // all that its ring can have held, and little more
  FakeBoard::now += 2999;
  port.poll();
  CHECK(fired == 0);
  ++FakeBoard::now, port.poll();
  CHECK(fired == 1);
}

TEST_CASE("features tells what the device was made of") {
  const auto features = [](std::string announcement) { return featuresOf(announcement); };
  {
    With<Device<FakeLine<>, Contract>> none;
    none.port.begin();
    CHECK(features(none.host.take()) == "0");
  }
  {
    With<Device<FakeLine<>, Contract, PlainEvents, AcknowledgedEvents<2>, Jobs<1>, Requests<1>, Log<>, DeadMan, RemoteReset,
                EndOfInput, Stats, Describe>>
        all;
    all.port.begin();
    CHECK(features(all.host.take()) == std::to_string(1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 + 512 + 1024));
  }
}

TEST_CASE_FIXTURE(With<Counting>, "STATS counts what was taken, repeated, refused and dropped since boot") {
  port.on(kPing, [] {});
  host.startSession();
  CHECK(host.send("f603") == "ff03960200" "00000000");  // TICK and this one
  host.send("0004");
  host.send("0004");
  host.send("0004");
  host.send("0009");                        // out of turn
  host.send("ff0500");                      // nobody waits for it
  host.send("0000");                        // a cast
  host.send("0100");                        // a cast that nobody handles
  host.put(fromHex("0005010200"));          // no frame
  host.put(framed<Frames>(fromHex("00")));  // no message
  host.poll();
  for (uint32_t i = 0; i < 5; ++i) ignore(port.emit(kAlarm, i));
  host.poll();
  CHECK(host.send("f605") == "ff0596050201020203");
  host.resume();
  CHECK(host.send("f603").substr(0, 18) == "ff0396070201020203");
}

TEST_CASE_FIXTURE(With<CountingBelow>, "STATS counts dropped events wherever it is listed") {
  host.startSession();
  for (uint32_t i = 0; i < 5; ++i) ignore(port.emit(kAlarm, i));
  host.poll();
  CHECK(host.send("f603") == "ff0396020000000003");
  CHECK(host.send("f60400") == "fe049102");
}

TEST_CASE_FIXTURE(With<Describing>, "DESCRIBE answers the descriptor in pieces that fill the slot, and none at the end") {
  host.startSession();
  const std::string whole(kDescriptor);
  REQUIRE(whole.size() == 141);
  std::string told;
  uint8_t token = 3;
  for (size_t pieceBytes : {55u, 55u, 31u, 0u}) {
    const uint8_t offset = static_cast<uint8_t>(told.size());
    const uint8_t call[] = {action::kDescribe, token, 0xCC, offset};
    const uint8_t head[] = {action::kReply, token, 0x92, 0xCC, 141, 0xC4, static_cast<uint8_t>(pieceBytes)};
    const std::string reply = host.send(toHex(call, sizeof call));
    CHECK(reply.substr(0, 14) == toHex(head, sizeof head));
    const Content piece = fromHex(reply.substr(14));
    CHECK(piece.size() == pieceBytes);
    told.append(piece.begin(), piece.end());
    ++token;
  }
  CHECK(told == whole);
  CHECK(host.send("f207ceffffffff") == "ff0792cc8dc400");
  CHECK(host.send("f208cc8c") == "ff0892cc8dc4010a");
  CHECK(host.send("f209") == "fe099102");
  CHECK(host.send("f20a9100") == "fe0a9102");
  CHECK(host.send("f20bff") == "fe0b9102");
}

TEST_CASE("DESCRIBE answers a large slot at once") {
  DescribingAtOnce port;
  Host<DescribingAtOnce, Packets> host(port);
  host.startSession();
  CHECK(host.send("f20300").size() / 2 == 2 + 1 + 2 + 2 + 141);
}
