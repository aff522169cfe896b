// Windows, and the places of events, requests and jobs with their room, at their exact limits, one below and one above.
#include <algorithm>

#include "support.h"

using namespace portwire;

namespace {

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 4;
  static constexpr uint8_t kIndexes = 20;
};
struct Pair {
  Text<> text;
  bool flag;
  static constexpr uint8_t kFields = 2;
  template <class Visitor> void eachField(const Visitor& visit) const {
    visit(text);
    visit(flag);
  }
};
constexpr Action<0, void()> kPing = {};
constexpr Action<1, Text<253>()> kSpell = {};
constexpr Action<2, Pair()> kPair = {};
constexpr AcknowledgedEvent<10, uint16_t> kAlarm = {};
constexpr AcknowledgedEvent<11, Text<252>> kStory = {};
constexpr Request<16, void(Text<253>)> kAsk = {};
constexpr Request<17, void()> kSave = {};

template <uint8_t kWindow> using Line = FakeLine<Frames, 255, 64, kWindow>;

template <class PortType> struct With {
  typedef PortType Port;
  Port port;
  Host<Port> host;
  With() : host(port) { host.startSession(); }
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
/// The token behind so many others from 1 on.
std::string tokenAfter(size_t others) { return hex2(others % 255 + 1); }
size_t messagesIn(const std::string& said) {
  return said.empty() ? 0 : 1 + static_cast<size_t>(std::count(said.begin(), said.end(), ' '));
}
const std::string kLetters(300, 'a');

/// HELLO has token 1, TICK 2, so the window holds the TICK until as many calls have followed as it has places.
template <uint8_t kWindow> void checkAnswersKept() {
  CAPTURE(kWindow);
  With<Device<Line<kWindow>, Contract>> with;
  static int runs;
  runs = 0;
  with.port.on(kPing, [] { ++runs; });
  for (size_t i = 0; i + 1 < kWindow; ++i) REQUIRE(with.host.send("00" + hex2(3 + i)) == "ff" + hex2(3 + i) + "00");
  CHECK(with.host.send("f102").substr(0, 4) == "ff02");
  CHECK(with.host.send("00" + hex2(2 + kWindow)) == "ff" + hex2(2 + kWindow) + "00");
  CHECK(with.host.send("f102") == "");
  CHECK(with.host.send("0003") == "ff0300");
  CHECK(with.host.send("00" + hex2(3 + kWindow)) == "ff" + hex2(3 + kWindow) + "00");
  CHECK(with.host.send("0003") == "");
  CHECK(runs == kWindow + 1);
}

template <uint8_t kWindow> void checkEventsAhead() {
  CAPTURE(kWindow);
  With<Device<Line<kWindow>, Contract, AcknowledgedEvents<100, 6>>> with;
  for (size_t i = 0; i + 1 < kWindow; ++i) REQUIRE(with.port.emit(kAlarm, 1));
  CHECK(messagesIn(with.host.poll()) == kWindow - 1);
  CHECK(with.port.emit(kAlarm, 1));
  CHECK(messagesIn(with.host.poll()) == 1);
  CHECK(with.port.emit(kAlarm, 1));
  CHECK(with.host.poll() == "");
  CHECK(with.host.send("fb01") == "0a" + hex2(kWindow + 1) + "9101");
}

/// What SKIP says after so many events were dropped.
std::string skipAfter(uint32_t dropped) {
  With<Device<Line<1>, Contract, AcknowledgedEvents<2, 5>>> with;
  ignore(with.port.emit(kAlarm, 65535));
  ignore(with.port.emit(kAlarm, 65535));
  while (dropped-- != 0) REQUIRE_FALSE(with.port.emit(kAlarm, 1));
  CHECK(with.host.poll() == "0a0191cdffff");
  with.host.send("fb01");
  return with.host.send("fb02");
}

int answered = 0;
std::vector<Outcome> ends;
Job<Text<253>> spelling;
Job<Pair> pairing;

}  // namespace

TEST_CASE("a window of 1, 4 and 64 keeps the answers of one call less, of as many calls, and of one more without the oldest") {
  checkAnswersKept<1>();
  checkAnswersKept<4>();
  checkAnswersKept<64>();
}

TEST_CASE("a window of 1, 4 and 64 sends one event less ahead, as many, and one more only after an ACK") {
  checkEventsAhead<1>();
  checkEventsAhead<4>();
  checkEventsAhead<64>();
}

TEST_CASE("events go ahead, are acknowledged and are found missing across the end of their tokens: 254, 255, 1, 2") {
  With<Device<Line<4>, Contract, AcknowledgedEvents<8, 6>>> with;
  for (size_t i = 0; i < 253; ++i) {
    REQUIRE(with.port.emit(kAlarm, 0));
    REQUIRE(with.host.poll() == "0a" + tokenAfter(i) + "9100");
    REQUIRE(with.host.send("fb" + tokenAfter(i)) == "");
  }
  for (uint16_t i = 1; i <= 6; ++i) REQUIRE(with.port.emit(kAlarm, i));
  CHECK(with.host.poll() == "0afe9101 0aff9102 0a019103 0a029104");
  CHECK(with.host.send("fb03") == "");  // not sent yet
  CHECK(with.port.keptEvents() == 6);
  CHECK(with.host.send("fbff01") == "0a019103 0a029104 0a039105 0a049106");
  CHECK(with.port.keptEvents() == 4);
  CHECK(with.host.send("fbff") == "");  // the ACK before the oldest, again
  CHECK(with.host.send("fb04") == "");
  CHECK(with.port.keptEvents() == 0);
}

TEST_CASE("of 255 places for events one less is taken, all, and one more is dropped and told") {
  With<Device<Line<1>, Contract, AcknowledgedEvents<255, 5>>> with;
  for (uint16_t i = 0; i < 254; ++i) REQUIRE(with.port.emit(kAlarm, i));
  CHECK(with.port.keptEvents() == 254);
  CHECK(with.port.emit(kAlarm, 254));
  CHECK_FALSE(with.port.emit(kAlarm, 255));
  CHECK(with.port.keptEvents() == 255);
  CHECK(with.host.poll() == "0a019100");
  for (size_t i = 0; i < 254; ++i) {
    const std::string number = hex2(i + 1);
    REQUIRE(with.host.send("fb" + tokenAfter(i)) == "0a" + tokenAfter(i + 1) + (i + 1 < 128 ? "91" : "91cc") + number);
  }
  CHECK(with.host.send("fbff") == "fa0101");
  CHECK(with.host.send("fb01") == "");
  CHECK(with.port.keptEvents() == 0);
}

TEST_CASE("an event's value of one byte less than its place, of the place, and a text cut to it") {
  With<Device<Line<1>, Contract, AcknowledgedEvents<2, 255>>> with;
  const size_t bytes[] = {251, 252, 252};
  for (size_t i = 0; i < 3; ++i) {
    CHECK(with.port.emit(kStory, Text<252>{kLetters.data(), 251 + i}));
    CHECK(with.host.poll() == "0b" + hex2(i + 1) + "91d9" + hex2(bytes[i]) + of(bytes[i], "61"));
    CHECK(with.host.send("fb" + hex2(i + 1)) == "");
  }
}

TEST_CASE("SKIP tells 65,534, 65,535 and 65,536 dropped events in the least place that there may be, of 5 bytes") {
  CHECK(skipAfter(65534) == "fa03cdfffe");
  CHECK(skipAfter(65535) == "fa03cdffff");
  CHECK(skipAfter(65536) == "fa03ce00010000");
}

TEST_CASE("of 255 places for requests one less is taken, all, and one more is told by the return value; each is answered") {
  With<Device<Line<1>, Contract, Requests<255, 1>>> with;
  answered = 0;
  const auto ask = [&with] {
    return with.port.ask(kSave, 3000, [](const Answer<void>& answer) { answered += answer.outcome == Outcome::kAnswered; });
  };
  for (int i = 0; i < 254; ++i) REQUIRE(ask());
  CHECK(with.port.waitingRequests() == 254);
  CHECK(ask());
  CHECK_FALSE(ask());
  CHECK(with.port.waitingRequests() == 255);
  for (size_t i = 0; i < 255; ++i) {
    REQUIRE(messagesIn(with.host.poll()) == (i == 0 ? 1 : 0));
    with.host.send("ff" + tokenAfter(i) + "00");
  }
  CHECK(answered == 255);
  CHECK(with.port.waitingRequests() == 0);
}

TEST_CASE("arguments of a request of one byte less than their room, of the room, and a text cut to it, with the longest deadline") {
  With<Device<Line<1>, Contract, Requests<1, 255>>> with;
  const size_t bytes[] = {252, 253, 253};
  for (size_t i = 0; i < 3; ++i) {
    CHECK(with.port.ask(kAsk, 0xFFFFFFFF, [](const Answer<void>&) {}, Text<253>{kLetters.data(), 252 + i}));
    CHECK(with.host.poll() == "10" + hex2(i + 1) + "92ceffffffffd9" + hex2(bytes[i]) + of(bytes[i], "61"));
    CHECK(with.host.send("ff" + hex2(i + 1) + "00") == "");
  }
}

TEST_CASE("a deadline of 1 ms and one of 2^32 - 1 ms pass then and not a millisecond before") {
  for (uint32_t deadlineMs : {1u, 0xFFFFFFFFu}) {
    CAPTURE(deadlineMs);
    With<Device<Line<1>, Contract, Requests<1>>> with;
    ends.clear();
    CHECK(with.port.ask(kSave, deadlineMs, [](const Answer<void>& answer) { ends.push_back(answer.outcome); }));
    with.host.poll();
    with.host.after(deadlineMs - 1);
    CHECK(ends.empty());
    with.host.after(1);
    CHECK(ends == std::vector<Outcome>{Outcome::kExpired});
  }
}

TEST_CASE("of 255 places for jobs one less is taken, all, and one more is ERROR 3: every number is in use then") {
  With<Device<Line<1>, Contract, Jobs<255>>> with;
  static constexpr Action<3, void()> kWork = {};
  with.port.on(kWork, [](Job<>) {});
  for (size_t i = 2; i < 256; ++i) REQUIRE(with.host.send("03" + tokenAfter(i)) == "fb" + tokenAfter(i));
  CHECK(with.port.unfinishedJobs() == 254);
  CHECK(with.host.send("0302") == "fb02");
  CHECK(with.port.unfinishedJobs() == 255);
  CHECK(with.host.send("0303") == "fe039103");
}

TEST_CASE("a job's result of one byte less than its room, of the room, and one more: a text is cut, of a record it is status 8") {
  With<Device<Line<1>, Contract, Jobs<1, 255>>> with;
  with.port.on(kSpell, [](Job<Text<253>> job) { spelling = job; });
  with.port.on(kPair, [](Job<Pair> job) { pairing = job; });
  const size_t bytes[] = {252, 253, 253};
  for (size_t i = 0; i < 3; ++i) {
    CHECK(with.host.send("01" + hex2(3 + i)) == "fb" + hex2(3 + i));
    CHECK(spelling.finish(Text<253>{kLetters.data(), 252 + i}));
    CHECK(with.host.poll() == "f9" + hex2(1 + i) + "94" + hex2(3 + i) + "00d9" + hex2(bytes[i]) + of(bytes[i], "61") + "00");
    CHECK(with.host.send("ff" + hex2(1 + i) + "00") == "");
  }
  for (size_t i = 0; i < 3; ++i) {
    // 92, d9 and the length, the text, and the boolean.
    const size_t textBytes = 250 + i;
    CHECK(with.host.send("02" + hex2(6 + i)) == "fb" + hex2(6 + i));
    CHECK(pairing.finish(Pair{{kLetters.data(), textBytes}, true}));
    const std::string expected = i < 2 ? "0092d9" + hex2(textBytes) + of(textBytes, "61") + "c300" : "08c000";
    CHECK(with.host.poll() == "f9" + hex2(4 + i) + "94" + hex2(6 + i) + expected);
    CHECK(with.host.send("ff" + hex2(4 + i) + "00") == "");
  }
}

TEST_CASE("the pause of a repeat is from 50 ms to a quarter of the heartbeat, and at most 32,767 ms, each exactly") {
  const auto longestOf = [](uint32_t heartbeatMs) {
    detail::RepeatTimer timer;
    timer.onHello(heartbeatMs);
    timer.progress();
    timer.sent(0);
    uint32_t pauseMs = 50;
    for (int i = 0; i < 12; ++i) {
      CHECK_FALSE(timer.isDue(pauseMs - 1));
      CHECK(timer.isDue(pauseMs));
      timer.sent(0);
      pauseMs = 50;
      while (!detail::RepeatTimer(timer).isDue(pauseMs)) ++pauseMs;
    }
    return pauseMs;
  };
  const uint32_t rows[][2] = {{1, 50},         {199, 50},       {200, 50},       {203, 50},           {204, 51},
                              {0, 250},        {1000, 250},     {131067, 32766}, {131068, 32767},     {131072, 32767},
                              {262144, 32767}, {262148, 32767}, {400000, 32767}, {0xFFFFFFFF, 32767}};
  for (const auto& row : rows) {
    CAPTURE(row[0]);
    CHECK(longestOf(row[0]) == row[1]);
  }
  for (uint32_t start : {0xFFFFu, 0xFFFFFFFFu}) {
    detail::RepeatTimer timer;
    timer.onHello(1000);
    timer.progress();
    timer.sent(start);
    CHECK_FALSE(timer.isDue(start + 49));
    CHECK(timer.isDue(start + 50));
  }
}
