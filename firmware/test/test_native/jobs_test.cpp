// Jobs: ACK, items, RESULT and its repeats, numbers in use, CANCEL, sessions, and handles that are kept too long.
#include "support.h"

#include <random>

using namespace portwire;

namespace {

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 8;
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
};
constexpr Action<0, void()> kPing = {};
constexpr Action<1, float(uint8_t), Fields<uint8_t, uint8_t>> kCalibrate = {};
constexpr Action<2, void(), uint16_t> kCount = {};
constexpr Action<3, Text<4>(), Text<4>> kSpell = {};
constexpr Action<4, Pair(), Fields<>> kPair = {};
constexpr AcknowledgedEvent<10, uint32_t> kAlarm = {};

typedef JobOf<decltype(kCalibrate)> Calibration;

/// What the handlers have begun, oldest first.
std::vector<Calibration> begun;
JobOf<decltype(kCount)> counting;
JobOf<decltype(kSpell)> spelling;
JobOf<decltype(kPair)> pairing;

template <class PortType, class Framing = Frames> struct With {
  typedef PortType Port;
  Port port;
  Host<Port, Framing> host;
  With() : host(port) {
    begun.clear();
    port.on(kPing, [] {});
    port.on(kCalibrate, [](Calibration job, uint8_t probe) -> Result<void> {
      if (probe > 9) return Fail(17);
      begun.push_back(job);
      return Result<void>();
    });
    port.on(kCount, [](JobOf<decltype(kCount)> job) { counting = job; });
    port.on(kSpell, [](JobOf<decltype(kSpell)> job) { spelling = job; });
    port.on(kPair, [](JobOf<decltype(kPair)> job) { pairing = job; });
  }
};
typedef With<Device<FakeLine<>, Contract, Jobs<2>>> Two;
typedef With<Device<FakeLine<Frames, 63, 64, 4>, Contract, Jobs<3>>> Wide;
typedef With<Device<FakeLine<Packets>, Contract, Jobs<2>>, Packets> Lossless;

std::string hex2(unsigned number) {
  const uint8_t byte = static_cast<uint8_t>(number);
  return toHex(&byte, 1);
}
/// Starts calibrate under this token.
std::string calibrate(unsigned token) { return "01" + hex2(token) + "9100"; }
/// RESULT of a job whose status is 0 and whose value is 1.0.
std::string result(unsigned token, unsigned job, unsigned items = 0) {
  return "f9" + hex2(token) + "94" + hex2(job) + "00ca3f800000" + hex2(items);
}

}  // namespace

TEST_CASE_FIXTURE(Two, "a call becomes a job: ACK at once, items without a token, and RESULT as a request") {
  host.startSession();
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(begun[0].running());
  CHECK_FALSE(begun[0].cancelled());
  CHECK(begun[0].next(1, 10));
  CHECK(host.take() == "fd0093030092010a");
  CHECK(begun[0].next(2, 200));
  CHECK(host.take() == "fd009303019202ccc8");
  CHECK(begun[0].finish(1));
  CHECK(host.take() == "");
  CHECK(host.poll() == result(1, 3, 2));
  CHECK(host.send("ff01") == "");
  CHECK(host.after(1000) == "");
  CHECK(port.drops()[Drop::kMessage] == 0);
}

TEST_CASE_FIXTURE(Two, "calls go on while a job runs, and its call is repeated as ACK only as long as any answer is") {
  host.startSession();
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(host.send("fa03") == "fb03");
  CHECK(begun.size() == 1);
  CHECK(host.send("0004") == "ff0400");
  CHECK(host.send(calibrate(3)) == "");
  CHECK(port.drops()[Drop::kToken] == 1);
}

TEST_CASE_FIXTURE(Two, "RESULT is repeated after 50 ms, then at twice the pause up to a quarter of the heartbeat, until it is answered") {
  host.startSession();
  host.send(calibrate(3));
  begun[0].finish(1);
  CHECK(host.poll() == result(1, 3));
  for (uint32_t pause : {50u, 100u, 200u, 250u, 250u, 250u}) {
    CAPTURE(pause);
    CHECK(host.repeated(pause) == result(1, 3));
  }
  CHECK(host.send("ff02") == "");  // of another token
  CHECK(host.repeated(250) == result(1, 3));
  CHECK(host.send("ff0100") == "");
  CHECK(host.send("ff0100") == "");  // the answer to a repeat
  CHECK(host.after(5000) == "");
  CHECK(port.drops()[Drop::kMessage] == 2);
  host.send(calibrate(4));
  begun[1].finish(1);
  CHECK(host.poll() == result(2, 4));
  CHECK(host.after(49) == "");
  CHECK(host.after(1) == result(2, 4));
}

TEST_CASE_FIXTURE(Two, "the clock may pass its end while RESULT waits") {
  host.startSession();
  host.send(calibrate(3));
  FakeBoard::now = 0xFFFFFFF0;
  begun[0].finish(1);
  CHECK(host.poll() == result(1, 3));
  CHECK(host.after(49) == "");
  CHECK(host.after(1) == result(1, 3));
}

TEST_CASE_FIXTURE(Lossless, "on a line that loses nothing RESULT is sent once") {
  host.startSession();
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(begun[0].next(1, 2));
  CHECK(host.take() == "fd00930300920102");
  begun[0].finish(1);
  CHECK(host.poll() == result(1, 3, 1));
  CHECK(host.after(60000) == "");
  CHECK(host.send("ff01") == "");
  host.send(calibrate(4));
  begun[1].finish(1);
  CHECK(host.poll() == result(2, 4));
}

TEST_CASE_FIXTURE(Two, "one RESULT is unanswered at a time, and the older job's goes first") {
  host.startSession();
  host.send(calibrate(3));
  host.send(calibrate(4));
  begun[1].finish(1);
  begun[0].finish(1);
  CHECK(host.poll() == result(1, 3));
  CHECK(host.poll() == "");
  CHECK(host.send("ff01") == result(2, 4));
  CHECK(host.send("ff01") == "");
  CHECK(host.send("ff02") == "");
  CHECK(host.after(1000) == "");
}

TEST_CASE_FIXTURE(Two, "as many jobs as there are places, one more is ERROR 3, until the host has answered a RESULT") {
  host.startSession();
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(host.send(calibrate(4)) == "fb04");
  CHECK(host.send(calibrate(5)) == "fe059103");
  CHECK(begun.size() == 2);
  begun[0].finish(1);
  CHECK(host.poll() == result(1, 3));
  CHECK(host.send(calibrate(6)) == "fe069103");
  CHECK(host.send("ff01") == "");
  CHECK(host.send(calibrate(7)) == "fb07");
  CHECK(host.send("0008") == "ff0800");
}

TEST_CASE_FIXTURE(Two, "a call that wants to become a job under a number that is in use is ERROR 3") {
  host.startSession();
  CHECK(host.send(calibrate(3)) == "fb03");
  const auto goRound = [&](unsigned from, unsigned to) {
    for (unsigned token = from; token != to; token = token % 255 + 1)
      REQUIRE(host.send("00" + hex2(token)) == "ff" + hex2(token) + "00");
  };
  goRound(4, 3);
  CHECK(host.send(calibrate(3)) == "fe039103");
  goRound(4, 3);
  CHECK(host.send("0003") == "ff0300");  // no job, so it may have the number
  begun[0].finish(1);
  CHECK(host.poll() == result(1, 3));
  goRound(4, 3);
  host.take();
  CHECK(host.send(calibrate(3)) == "fe039103");  // RESULT is unanswered
  CHECK(host.send("ff01") == "");
  goRound(4, 3);
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(begun.size() == 2);
}

TEST_CASE_FIXTURE(Two, "CANCEL is answered by REPLY 0, known or not, and tells the job; it ends with status 9") {
  host.startSession();
  host.send(calibrate(3));
  host.send(calibrate(4));
  CHECK(host.send("fc0503") == "ff0500");
  CHECK(host.send("fc0503") == "ff0500");
  CHECK(begun[0].cancelled());
  CHECK(begun[0].running());
  CHECK_FALSE(begun[1].cancelled());
  CHECK(begun[0].next(1, 2));
  host.take();
  CHECK(begun[0].fail(ErrorCode::kCancelled));
  CHECK(host.poll() == "f901940309c001");
  CHECK(host.send("fc0603") == "ff0600");  // has ended
  CHECK(host.send("fc07cc99") == "ff0700");
  CHECK(host.send("fc0800") == "ff0800");
  CHECK(host.send("ff01") == "");
  CHECK_FALSE(begun[1].cancelled());
}

TEST_CASE_FIXTURE(Two, "a cancelled job may end with whatever it had come to") {
  host.startSession();
  host.send(calibrate(3));
  CHECK(host.send("fc0403") == "ff0400");
  CHECK(begun[0].finish(1));
  CHECK(host.poll() == result(1, 3));
}

TEST_CASE_FIXTURE(Two, "CANCEL without a job's number is ERROR 2") {
  host.startSession();
  CHECK(host.send("fc03") == "fe039102");
  CHECK(host.send("fc04cd0100") == "fe049102");
  CHECK(host.send("fc0501c0") == "fe059102");
  CHECK(host.send("fc069101") == "fe069102");
}

TEST_CASE_FIXTURE(Two, "HELLO tells all jobs to cancel; what they still produce is not sent, and their places are free") {
  host.startSession();
  host.send(calibrate(3));
  host.send(calibrate(4));
  begun[1].finish(1);
  CHECK(host.poll() == result(1, 4));
  host.send("f0019401ce5eed1234cd1000cd03e8");
  CHECK(begun[0].cancelled());
  CHECK_FALSE(begun[0].running());
  CHECK_FALSE(begun[0].next(1, 2));
  CHECK_FALSE(begun[0].finish(1));
  CHECK(host.after(1000) == "");
  CHECK(host.send("f102").substr(0, 4) == "ff02");
  CHECK(host.after(1000) == "");
  CHECK(host.send("ff01") == "");
  CHECK(port.drops()[Drop::kMessage] == 1);
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(host.send(calibrate(4)) == "fb04");
  CHECK(begun[0].cancelled());
  begun[2].finish(1);
  CHECK(host.poll() == result(1, 3));  // tokens begin anew
}

TEST_CASE_FIXTURE(Two, "a handle that is kept too long does nothing, though another job has the place and the number") {
  host.startSession();
  host.send(calibrate(3));
  const Calibration copy = begun[0];
  CHECK(begun[0].finish(1));
  CHECK_FALSE(begun[0].finish(1));
  CHECK_FALSE(begun[0].fail(16));
  CHECK_FALSE(begun[0].next(1, 2));
  CHECK_FALSE(copy.running());
  CHECK(copy.cancelled());
  CHECK(host.poll() == result(1, 3));
  host.resume();
  host.send(calibrate(3));
  host.send(calibrate(4));
  CHECK_FALSE(begun[0].finish(1));
  CHECK_FALSE(begun[0].next(1, 2));
  CHECK(begun[0].cancelled());
  CHECK_FALSE(begun[1].cancelled());
  CHECK(host.poll() == "");
}

TEST_CASE("a handle that was never given a job does nothing") {
  Calibration none;
  CHECK_FALSE(none.running());
  CHECK(none.cancelled());
  CHECK_FALSE(none.next(1, 2));
  CHECK_FALSE(none.finish(1));
  CHECK_FALSE(none.fail(16));
}

TEST_CASE_FIXTURE(Two, "a handler may refuse: ERROR in place of ACK, and no place is taken") {
  host.startSession();
  for (unsigned token = 3; token < 10; ++token) CHECK(host.send("01" + hex2(token) + "910a") == "fe" + hex2(token) + "9111");
  CHECK(host.send("010a91c3").substr(0, 8) == "fe0a9202");
  CHECK(begun.empty());
  CHECK(host.send(calibrate(11)) == "fb0b");
}

TEST_CASE_FIXTURE(Two, "an error of the application is RESULT with its number, and 0 is none") {
  host.startSession();
  host.send(calibrate(3));
  host.send(calibrate(4));
  CHECK(begun[0].fail(255));
  CHECK(begun[1].fail(0));
  CHECK(host.poll() == "f9019403ccffc000");
  CHECK(host.send("ff01") == "f902940410c000");
}

TEST_CASE_FIXTURE(Two, "an item inside the handler goes out behind the ACK") {
  port.on(kCalibrate, [](Calibration job, uint8_t) {
    job.next(0, 10);
    job.next(1, 10);
    begun.push_back(job);
  });
  host.startSession();
  CHECK(host.send(calibrate(3)) == "fb03 fd0093030092000a fd0093030192010a");
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(begun[0].finish(1));
  CHECK(host.poll() == result(1, 3, 2));
}

TEST_CASE_FIXTURE(Two, "a job may end inside its handler") {
  port.on(kCalibrate, [](Calibration job, uint8_t) { job.finish(1); });
  host.startSession();
  CHECK(host.send(calibrate(3)) == "fb03 " + result(1, 3));
}

TEST_CASE_FIXTURE(Two, "a handler that fails after an item has begun all the same") {
  port.on(kCalibrate, [](Calibration job, uint8_t) -> Result<void> {
    job.next(0, 10);
    return Fail(17);
  });
  host.startSession();
  CHECK(host.send(calibrate(3)) == "fb03 fd0093030092000a f901940311c001");
}

TEST_CASE_FIXTURE(Two, "an item of another job inside a handler does not acknowledge for it") {
  host.startSession();
  host.send(calibrate(3));
  port.on(kCount, [](JobOf<decltype(kCount)>) -> Result<void> {
    begun[0].next(1, 2);
    return Fail(18);
  });
  CHECK(host.send("0204") == "fd00930300920102 fe049112");
}

TEST_CASE_FIXTURE(Two, "a cast cannot become a job: it is dropped and counted") {
  host.startSession();
  CHECK(host.send("01009100") == "");
  CHECK(begun.empty());
  CHECK(port.drops()[Drop::kMessage] == 1);
  host.send(calibrate(3));
  CHECK(host.send("01009100") == "");
  CHECK(begun.size() == 1);
}

TEST_CASE_FIXTURE(Two, "nothing as a result is the integer 0, and an item of one value is that value") {
  host.startSession();
  CHECK(host.send("0203") == "fb03");
  CHECK(counting.next(1000));
  CHECK(host.take() == "fd00930300cd03e8");
  CHECK(counting.finish());
  CHECK(host.poll() == "f901940300" "0001");
}

TEST_CASE_FIXTURE(Two, "an item without fields is an empty array, and a text is cut to what the contract allows") {
  host.startSession();
  host.send("0403");
  CHECK(pairing.next());
  CHECK(host.take() == "fd0093030090");
  host.send("0304");
  CHECK(spelling.next(text<4>("abcd")));
  CHECK(host.take() == "fd00930400a461626364");
  const Text<4> tooLong = {"abcdefghijkl", 12};
  CHECK(spelling.next(tooLong));
  CHECK(host.take() == "fd00930401a461626364");
}

TEST_CASE_FIXTURE(Two, "a result of the room that there is, and of one byte more: status 8") {
  host.startSession();
  host.send("0303");
  CHECK(spelling.finish(text<4>("abcd")));
  CHECK(host.poll() == "f901940300a46162636400");
  host.send("ff01");
  host.send("0404");
  CHECK(pairing.finish({0xFF, true}));
  CHECK(host.poll() == "f90294040092ccffc300");
  host.send("ff02");
  host.send("0405");
  CHECK(pairing.finish({0xFFFF, true}));
  CHECK(host.poll() == "f90394050092cdffffc300");
  host.send("ff03");
  host.send("0406");
  CHECK(pairing.finish({0x10000, true}));
  CHECK(host.poll() == "f904940608c000");
}

TEST_CASE_FIXTURE(Two, "an object of the user's is the handler's first argument") {
  Calibration kept;
  port.on(kCalibrate, [](Calibration& place, Calibration job, uint8_t) { place = job; }, kept);
  host.startSession();
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(kept.running());
  port.on(kCalibrate, [](Calibration&, Calibration, uint8_t) -> Result<void> { return Fail(19); }, kept);
  CHECK(host.send(calibrate(4)) == "fe049113");
}

TEST_CASE_FIXTURE(Two, "an action with a stream may be answered at once too") {
  port.on(kCalibrate, [](uint8_t) { return 1.0f; });
  host.startSession();
  CHECK(host.send(calibrate(3)) == "ff03ca3f800000");
  CHECK(host.send("01009100") == "");
  CHECK(port.drops()[Drop::kMessage] == 0);
}

TEST_CASE_FIXTURE(Wide, "with a window of 4 an ACK is kept like any answer") {
  host.startSession();
  host.send(calibrate(3));
  host.send(calibrate(4));
  host.send("0005");
  host.send(calibrate(6));
  CHECK(host.send(calibrate(3)) == "fb03");
  CHECK(host.send(calibrate(6)) == "fb06");
  CHECK(host.send("0005") == "ff0500");
  CHECK(begun.size() == 3);
  for (Calibration& job : begun) job.finish(1);
  CHECK(host.poll() == result(1, 3));  // one at a time, whatever the window
}

TEST_CASE("RESULT goes before events, whatever the order of the features") {
  typedef With<Device<FakeLine<>, Contract, AcknowledgedEvents<4, 6>, Jobs<1>>> EventsFirst;
  typedef With<Device<FakeLine<>, Contract, Jobs<1>, AcknowledgedEvents<4, 6>>> JobsFirst;
  EventsFirst a;
  a.host.startSession();
  a.host.send(calibrate(3));
  ignore(a.port.emit(kAlarm, 7));
  begun[0].finish(1);
  CHECK(a.host.poll() == result(1, 3) + " 0a019107");
  JobsFirst b;
  b.host.startSession();
  b.host.send(calibrate(3));
  ignore(b.port.emit(kAlarm, 7));
  begun[0].finish(1);
  CHECK(b.host.send("0004") == "ff0400 " + result(1, 3) + " 0a019107");
  CHECK(b.host.send("fb01") == "");  // of the event
  CHECK(b.port.keptEvents() == 0);
  CHECK(b.host.after(50) == result(1, 3));
}

TEST_CASE("whatever is lost or doubled, each job that was acknowledged ends exactly once, in its session") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Two device;
    Host<Two::Port>& host = device.host;
    host.startSession();
    unsigned token = 2, expectedRequest = 1, started = 0, ended = 0, refused = 0;
    bool answered = true;
    size_t finished = 0;
    std::string call;
    const auto hear = [&](const std::string& messages) {
      for (size_t from = 0; from < messages.size();) {
        const size_t to = std::min(messages.find(' ', from), messages.size());
        const Content content = fromHex(messages.substr(from, to - from));
        from = to + 1;
        const unsigned times = random() % 4 == 0 ? 0 : random() % 4 == 0 ? 2 : 1;
        for (unsigned i = 0; i < times; ++i) {
          if (content[0] == action::kResult) {
            if (content[1] == expectedRequest) {
              ++ended;
              expectedRequest = expectedRequest % 255 + 1;
            } else {
              REQUIRE(content[1] == (expectedRequest + 253) % 255 + 1);
            }
            if (random() % 4 != 0) host.put("ff" + hex2(content[1]));
          } else if (!answered && content[1] == token) {
            answered = true;
            if (content[0] == action::kAck) ++started;
            else ++refused;
          }
        }
      }
    };
    for (int step = 0; step < 3000; ++step) {
      if (answered) {
        token = token % 255 + 1;
        call = calibrate(token);
        answered = false;
      }
      if (random() % 3 == 0 && random() % 4 != 0) host.put(call);
      if (finished < begun.size() && random() % 10 == 0) begun[finished++].finish(1);
      hear(host.after(static_cast<uint32_t>(random() % 20)));
    }
    while (finished < begun.size()) begun[finished++].finish(1);
    for (int step = 0; step < 200; ++step) {
      if (!answered) host.put(call);
      hear(host.after(100));
      while (finished < begun.size()) begun[finished++].finish(1);
    }
    CHECK(begun.size() == started);
    CHECK(ended == started);
    CHECK(started > 50);
    CHECK(refused > 0);
  }
}
