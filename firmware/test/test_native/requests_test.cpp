// Requests: tokens, repeats, deadlines and SKIP, answers of every kind, sessions, and the order beside jobs.
#include "support.h"

#include <random>

using namespace portwire;

namespace {

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 2;
  static constexpr uint8_t kIndexes = 20;
};
struct Pair {
  uint32_t first;
  bool second;
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
constexpr Action<0, void()> kPing = {};
constexpr Action<1, void()> kWork = {};
constexpr Request<14, float(uint8_t)> kGetSetpoint = {};
constexpr Request<15, void()> kSave = {};
constexpr Request<16, Text<8>(Text<6>)> kTranslate = {};
constexpr Request<17, Pair()> kGetPair = {};

std::vector<Answer<float>> answers;
std::vector<Outcome> saved;
std::vector<std::string> texts;
std::vector<Answer<Pair>> pairs;
void gotSetpoint(const Answer<float>& answer) { answers.push_back(answer); }
void gotSaved(const Answer<void>& answer) { saved.push_back(answer.outcome); }
void gotText(const Answer<Text<8>>& answer) {
  texts.push_back(answer.outcome == Outcome::kAnswered ? std::string(answer.value.data, answer.value.bytes) : "");
}
void gotPair(const Answer<Pair>& answer) { pairs.push_back(answer); }

template <class PortType, class Framing = Frames> struct With {
  typedef PortType Port;
  Port port;
  Host<Port, Framing> host;
  With() : host(port) {
    answers.clear();
    saved.clear();
    texts.clear();
    pairs.clear();
    port.on(kPing, [] {});
  }
  bool ask(uint32_t deadlineMs, uint8_t zone = 1) { return port.ask(kGetSetpoint, deadlineMs, gotSetpoint, zone); }
};
typedef With<Device<FakeLine<>, Contract, Requests<2>>> Two;
typedef With<Device<FakeLine<>, Contract, Requests<1, 2>>> One;
typedef With<Device<FakeLine<Packets>, Contract, Requests<2>>, Packets> Lossless;

std::string hex2(unsigned number) {
  const uint8_t byte = static_cast<uint8_t>(number);
  return toHex(&byte, 1);
}
/// A request for the setpoint of zone 1, with 3,000 ms.
std::string request(unsigned token) { return "0e" + hex2(token) + "92cd0bb801"; }

Job<> job;

template <class Fixture> void resultGoesBeforeRequest(Fixture& fixture) {
  fixture.port.on(kWork, [](Job<> begun) { job = begun; });
  fixture.host.startSession();
  CHECK(fixture.host.send("0103") == "fb03");
  ignore(fixture.ask(3000));
  CHECK(fixture.host.poll() == request(1));
  ignore(fixture.ask(3000));
  job.finish();
  CHECK(fixture.host.poll() == "");
  CHECK(fixture.host.send("ff0105") == "f90294030000" "00");
  CHECK(fixture.host.send("ff02") == request(3));
  CHECK(fixture.host.send("ff0305") == "");
  CHECK(answers.size() == 2);
}

}  // namespace

TEST_CASE_FIXTURE(Two, "a request carries its deadline and its arguments, and its answer reaches the callback once") {
  host.startSession();
  CHECK(ask(3000));
  CHECK(host.take() == "");
  CHECK(host.poll() == request(1));
  CHECK(port.waitingRequests() == 1);
  CHECK(host.send("ff01ca41ac0000") == "");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].outcome == Outcome::kAnswered);
  CHECK(answers[0].value == 21.5f);
  CHECK(port.waitingRequests() == 0);
  CHECK(host.send("ff01ca41ac0000") == "");  // the answer to a repeat
  CHECK(host.after(10000) == "");
  CHECK(answers.size() == 1);
  CHECK(port.drops()[Drop::kMessage] == 1);
}

TEST_CASE_FIXTURE(Two, "a request is repeated as it was after 50 ms, then at twice the pause up to a quarter of the heartbeat") {
  host.startSession();
  ask(3000);
  CHECK(host.poll() == request(1));
  for (uint32_t pause : {50u, 100u, 200u, 250u, 250u}) {
    CAPTURE(pause);
    CHECK(host.repeated(pause) == request(1));
  }
  CHECK(host.send("ff0205") == "");  // of another token
  CHECK(answers.empty());
  CHECK(host.repeated(250) == request(1));
  host.send("ff0105");
  CHECK(answers.size() == 1);
}

TEST_CASE_FIXTURE(Two, "one request is unanswered at a time; the next has the next token, and what is left of its deadline") {
  host.startSession();
  ask(3000);
  ask(3000);
  CHECK(host.poll() == request(1));
  CHECK(host.after(40) == "");
  CHECK(host.send("ff0105") == "0e0292cd0b9001");  // 2,960
  CHECK(host.send("ff0106") == "");
  CHECK(host.after(50) == "0e0292cd0b9001");
  CHECK(host.send("ff0206") == "");
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].value == 5);
  CHECK(answers[1].value == 6);
}

TEST_CASE_FIXTURE(Two, "after token 255 comes 1") {
  host.startSession();
  for (unsigned i = 0; i < 600; ++i) {
    const unsigned token = i % 255 + 1;
    REQUIRE(ask(3000));
    REQUIRE(host.poll() == request(token));
    REQUIRE(host.send("ff" + hex2(token) + "07") == "");
  }
  CHECK(answers.size() == 600);
}

TEST_CASE_FIXTURE(Two, "as many requests as there are places are taken, and one more is told by the return value") {
  host.startSession();
  CHECK(ask(3000));
  CHECK(ask(3000));
  CHECK_FALSE(ask(3000));
  host.poll();
  CHECK_FALSE(ask(3000));
  host.send("ff0105");
  CHECK(ask(3000));
  CHECK_FALSE(ask(3000));
}

TEST_CASE_FIXTURE(Two, "ERROR of the host is told with its number, and an error that is none as a bad answer") {
  host.startSession();
  unsigned token = 1;
  const auto after = [&](const std::string& value) {
    answers.clear();
    ask(3000);
    host.poll();
    host.send("fe" + hex2(token++) + value);
    REQUIRE(answers.size() == 1);
    return answers[0];
  };
  CHECK(after("9101").outcome == Outcome::kRefused);
  CHECK(answers[0].code == 1);
  CHECK(after("92ccffa3616263").code == 255);
  CHECK(answers[0].outcome == Outcome::kRefused);
  CHECK(after("9107").outcome == Outcome::kExpired);
  CHECK(after("").outcome == Outcome::kBadAnswer);
  CHECK(after("90").outcome == Outcome::kBadAnswer);
  CHECK(after("91cd0100").outcome == Outcome::kBadAnswer);
  CHECK(after("9110").code == 16);
}

TEST_CASE_FIXTURE(Two, "an answer of another type is told as such, and its value is not looked at") {
  host.startSession();
  unsigned token = 1;
  for (const char* bad : {"", "c0", "c3", "a130", "9105", "0505", "ca41ac00"}) {
    CAPTURE(bad);
    answers.clear();
    ask(3000);
    host.poll();
    CHECK(host.send("ff" + hex2(token++) + bad) == "");
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].outcome == Outcome::kBadAnswer);
    CHECK(answers[0].value == 0);
  }
}

TEST_CASE_FIXTURE(Two, "nothing as an answer is the integer 0, nil or no value") {
  host.startSession();
  unsigned token = 1;
  for (const char* value : {"00", "c0", "", "01", "0000", "c3"}) {
    ignore(port.ask(kSave, 3000, gotSaved));
    CHECK(host.poll() == "0f" + hex2(token) + "91cd0bb8");
    host.send("ff" + hex2(token++) + value);
  }
  const Outcome good = Outcome::kAnswered;
  const Outcome bad = Outcome::kBadAnswer;
  CHECK(saved == std::vector<Outcome>{good, good, good, bad, bad, bad});
}

TEST_CASE_FIXTURE(Two, "texts go both ways, and one longer than the contract allows is cut") {
  host.startSession();
  CHECK(port.ask(kTranslate, 100, gotText, text<6>("abcdef")));
  CHECK(host.poll() == "10019264a6616263646566");
  host.send("ff01a878797a78797a7879");
  CHECK(texts == std::vector<std::string>{"xyzxyzxy"});
  const Text<6> tooLong = {"abcdefgh", 8};
  ignore(port.ask(kTranslate, 100, gotText, tooLong));
  CHECK(host.poll() == "10029264a6616263646566");
  host.send("ff02a978797a78797a787979");
  CHECK(texts.back() == "");
}

TEST_CASE_FIXTURE(Two, "a record is an array by position, of exactly its fields") {
  host.startSession();
  unsigned token = 1;
  for (const char* value : {"92cd0100c3", "91cd0100", "93cd0100c3c3", "92c3c3", "05"}) {
    ignore(port.ask(kGetPair, 3000, gotPair));
    host.poll();
    host.send("ff" + hex2(token++) + value);
  }
  REQUIRE(pairs.size() == 5);
  CHECK(pairs[0].outcome == Outcome::kAnswered);
  CHECK(pairs[0].value.first == 256);
  CHECK(pairs[0].value.second);
  for (size_t i = 1; i < 5; ++i) CHECK(pairs[i].outcome == Outcome::kBadAnswer);
}

TEST_CASE_FIXTURE(Two, "when the deadline passes SKIP takes its place at once, and is repeated until it is answered") {
  host.startSession();
  ask(300);
  CHECK(host.poll() == "0e0192cd012c01");
  host.after(50);
  host.after(100);
  CHECK(host.after(149) == "");
  CHECK(answers.empty());
  CHECK(host.after(1) == "fa01");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].outcome == Outcome::kExpired);
  ask(3000);
  const uint32_t askedAt = FakeBoard::now;
  for (uint32_t pause : {50u, 100u, 200u, 250u, 250u}) CHECK(host.repeated(pause) == "fa01");
  const uint32_t leftMs = 3000 - (FakeBoard::now - askedAt);
  const Content left = {static_cast<uint8_t>(leftMs >> 8), static_cast<uint8_t>(leftMs & 0xFF)};
  CHECK(host.send("fe019105") == "0e0292cd" + toHex(left.data(), left.size()) + "01");
  CHECK(answers.size() == 1);
  host.send("ff0205");
  CHECK(answers.size() == 2);
}

TEST_CASE_FIXTURE(Two, "an answer that comes after the deadline frees the lane, and nobody hears it") {
  host.startSession();
  ask(100);
  host.poll();
  CHECK(host.after(100) == "fa01");
  CHECK(host.send("ff0105") == "");
  CHECK(host.after(1000) == "");
  CHECK(answers.size() == 1);
  ask(3000);
  CHECK(host.poll() == request(2));
}

TEST_CASE_FIXTURE(Two, "a request whose deadline passes while it waits takes no token") {
  host.startSession();
  ask(3000);
  ask(100, 2);
  CHECK(host.poll() == request(1));
  CHECK(host.after(99) == request(1));
  CHECK(answers.empty());
  CHECK(host.after(1) == "");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].outcome == Outcome::kExpired);
  host.send("ff0105");
  ask(3000);
  CHECK(host.poll() == request(2));
}

TEST_CASE_FIXTURE(Two, "a deadline of 0 has passed when it is looked at, and asking again from the callback does not hang") {
  host.startSession();
  static Two* self;
  self = this;
  ignore(port.ask(kGetSetpoint, 0, [](const Answer<float>& answer) {
    answers.push_back(answer);
    ignore(self->port.ask(kGetSetpoint, 0, gotSetpoint, 1));
  }, 1));
  CHECK(host.poll() == "");
  CHECK(answers.size() == 1);
  CHECK(host.poll() == "");
  CHECK(answers.size() == 2);
}

TEST_CASE_FIXTURE(Two, "the clock may pass its end while a request waits") {
  host.startSession();
  FakeBoard::now = 0xFFFFFFF0;
  ask(100);
  CHECK(host.poll() == "0e01926401");
  CHECK(host.after(49) == "");
  CHECK(host.after(1) == "0e01926401");
  CHECK(host.after(49) == "");
  CHECK(host.after(1) == "fa01");
}

TEST_CASE_FIXTURE(One, "a request between HELLO and TICK waits for the session") {
  port.begin();
  host.take();
  host.send("f0019401ce5eed1234cd1000cd03e8");
  CHECK(ask(3000));
  CHECK(host.after(1000) == "");
  CHECK(host.send("f102").substr(24) == " 0e0192cd07d001");
  host.send("ff0105");
  CHECK(answers.size() == 1);
}

TEST_CASE_FIXTURE(One, "a request without a session ends at its deadline, or with HELLO") {
  ask(500);
  port.begin();
  host.take();
  CHECK(host.after(499) == "");
  CHECK(answers.empty());
  CHECK(host.after(1) == "");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].outcome == Outcome::kExpired);
  ask(500);
  host.send("f0019401ce5eed1234cd1000cd03e8");
  REQUIRE(answers.size() == 2);
  CHECK(answers[1].outcome == Outcome::kSessionEnded);
  host.send("f102");
  CHECK(host.after(1000) == "");
}

TEST_CASE_FIXTURE(Two, "HELLO ends all requests, once, and tokens begin anew") {
  host.startSession();
  ask(3000);
  ask(3000);
  CHECK(host.poll() == request(1));
  host.send("ff0105");
  host.take();
  ask(3000);
  host.resume();
  REQUIRE(answers.size() == 3);
  CHECK(answers[1].outcome == Outcome::kSessionEnded);
  CHECK(answers[2].outcome == Outcome::kSessionEnded);
  CHECK(host.send("ff0206") == "");
  CHECK(host.after(5000) == "");
  CHECK(answers.size() == 3);
  ask(3000);
  CHECK(host.poll() == request(1));
}

TEST_CASE_FIXTURE(Two, "HELLO ends a SKIP too") {
  host.startSession();
  ask(100);
  host.poll();
  CHECK(host.after(100) == "fa01");
  host.resume();
  CHECK(host.after(1000) == "");
  CHECK(answers.size() == 1);
}

TEST_CASE_FIXTURE(One, "what asks again when its session has ended is heard as soon as the next is up") {
  static One* self;
  self = this;
  host.startSession();
  ignore(port.ask(kGetSetpoint, 3000, [](const Answer<float>& answer) {
    answers.push_back(answer);
    if (answer.outcome == Outcome::kSessionEnded) CHECK(self->ask(3000));
  }, 1));
  CHECK(host.poll() == request(1));
  CHECK(host.send("f0019401ce5eed1234cd1000cd03e8").find(' ') == std::string::npos);
  CHECK(answers.size() == 1);
  CHECK(host.send("f102").substr(24) == " " + request(1));
  host.send("ff0105");
  CHECK(answers.size() == 2);
}

TEST_CASE_FIXTURE(One, "a callback finds its place free, and poll() inside it does nothing") {
  static One* self;
  self = this;
  host.startSession();
  ignore(port.ask(kGetSetpoint, 3000, [](const Answer<float>& answer) {
    answers.push_back(answer);
    CHECK(self->ask(3000));
    self->port.poll();
  }, 1));
  host.poll();
  host.put("ff0105");
  host.put("0003");
  port.poll();
  CHECK(host.take() == request(2));
  CHECK(host.poll() == "ff0300");
}

TEST_CASE_FIXTURE(Two, "an object of the user's is the callback's first argument") {
  host.startSession();
  float setpoint = 0;
  CHECK(port.ask(kGetSetpoint, 3000, [](float& place, const Answer<float>& answer) { place = answer.value; }, setpoint, 1));
  CHECK(host.poll() == request(1));
  host.send("ff01ca41ac0000");
  CHECK(setpoint == 21.5f);
}

TEST_CASE_FIXTURE(Lossless, "on a line that loses nothing a request is sent once, and given up without SKIP") {
  host.startSession();
  ask(3000);
  CHECK(host.poll() == request(1));
  CHECK(host.after(2999) == "");
  CHECK(answers.empty());
  CHECK(host.after(1) == "");
  CHECK(answers.size() == 1);
  ask(3000);
  CHECK(host.after(100) == "");  // the answer to the first is still to come
  CHECK(host.send("fe019107") == "0e0292cd0b5401");
  CHECK(answers.size() == 1);
  host.send("ff0205");
  CHECK(answers.size() == 2);
}

TEST_CASE("RESULT goes before a request that waits, and shares its lane, whatever the order of the features") {
  typedef Device<FakeLine<>, Contract, Jobs<2>, Requests<2>> JobsFirst;
  typedef Device<FakeLine<>, Contract, Requests<2>, Jobs<2>> RequestsFirst;
  With<JobsFirst> a;
  resultGoesBeforeRequest(a);
  With<RequestsFirst> b;
  resultGoesBeforeRequest(b);
  CHECK(sizeof(JobsFirst) <= sizeof(Device<FakeLine<>, Contract, Jobs<2>>) + sizeof(Device<FakeLine<>, Contract, Requests<2>>) -
                                 sizeof(Device<FakeLine<>, Contract>));
}

TEST_CASE("whatever is lost or doubled, each request ends exactly once, and the host runs each at most once") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Two device;
    Host<Two::Port>& host = device.host;
    host.startSession();
    unsigned asked = 0, ran = 0, expected = 1;
    std::string kept;  // the last answer
    const auto hear = [&](const std::string& messages) {
      for (size_t from = 0; from < messages.size();) {
        const size_t to = std::min(messages.find(' ', from), messages.size());
        const Content content = fromHex(messages.substr(from, to - from));
        from = to + 1;
        if (content[0] != 14 && content[0] != action::kSkip) continue;
        const unsigned times = random() % 4 == 0 ? 0 : random() % 4 == 0 ? 2 : 1;
        for (unsigned i = 0; i < times; ++i) {
          if (content[1] == expected) {
            expected = expected % 255 + 1;
            if (content[0] == 14) ++ran;
            kept = content[0] == 14 ? "ff" + hex2(content[1]) + "05" : "fe" + hex2(content[1]) + "9105";
          } else {
            REQUIRE(content[1] == (expected + 253) % 255 + 1);
          }
          if (random() % 4 != 0) host.put(kept);
        }
      }
    };
    for (int step = 0; step < 4000; ++step) {
      if (step < 3500 && random() % 5 == 0 && device.ask(static_cast<uint32_t>(1 + random() % 200))) ++asked;
      if (step < 3500 && random() % 700 == 0) {
        host.poll();
        device.port.line().input.clear();
        host.resume();
        expected = 1;
      }
      hear(host.after(static_cast<uint32_t>(random() % 20)));
    }
    CHECK(answers.size() == asked);
    unsigned answered = 0;
    for (const Answer<float>& answer : answers) answered += answer.outcome == Outcome::kAnswered ? 1 : 0;
    CHECK(answered <= ran);
    CHECK(answered > 100);
    CHECK(answered < asked);
    CHECK(device.port.waitingRequests() == 0);
  }
}
