// Acknowledged events: numbers, windows, ACK, gaps, timers, drops, sessions.
#include "support.h"

#include <random>

using namespace portwire;

namespace {

struct Contract : ContractBase {
  static constexpr uint8_t kIndexes = 13;
};
constexpr AcknowledgedEvent<10, uint32_t> kAlarm = {};

template <uint8_t kWindow, uint8_t kPlaces> struct Events {
  typedef Device<FakeLine<Frames, 255, 64, kWindow>, Contract, AcknowledgedEvents<kPlaces, 6>> Port;
  Port port;
  Host<Port> host;
  Events() : host(port) {}
};
typedef Events<1, 3> Narrow;
typedef Events<4, 8> Wide;

std::string hex2(unsigned number) {
  const uint8_t byte = static_cast<uint8_t>(number);
  return toHex(&byte, 1);
}
/// An event with a number below 128.
std::string event(unsigned token, unsigned number) { return "0a" + hex2(token) + "91" + hex2(number); }
std::string ack(unsigned token) { return "fb" + hex2(token); }

}  // namespace

TEST_CASE_FIXTURE(Narrow, "an event waits for the session, then goes out under token 1") {
  CHECK(port.emit(kAlarm, 7));
  port.begin();
  host.take();
  CHECK(host.after(1000) == "");
  host.send("f0019401ce5eed1234cd1000cd03e8");
  CHECK(host.after(1000) == "");
  CHECK(host.send("f102").substr(24) == " " + event(1, 7));
}

TEST_CASE_FIXTURE(Narrow, "with a window of 1 the next event waits for the ACK of the one before") {
  host.startSession();
  ignore(port.emit(kAlarm, 7));
  ignore(port.emit(kAlarm, 8));
  CHECK(host.poll() == event(1, 7));
  CHECK(host.poll() == "");
  CHECK(host.send(ack(1)) == event(2, 8));
  CHECK(host.send(ack(1)) == "");
  CHECK(host.send(ack(2)) == "");
  CHECK(port.keptEvents() == 0);
}

TEST_CASE_FIXTURE(Narrow, "an event is repeated after 50 ms, then at twice the pause up to a quarter of the heartbeat") {
  host.startSession();
  ignore(port.emit(kAlarm, 7));
  CHECK(host.poll() == event(1, 7));
  for (uint32_t pause : {50u, 100u, 200u, 250u, 250u, 250u}) {
    CAPTURE(pause);
    CHECK(host.repeated(pause) == event(1, 7));
  }
  host.send(ack(1));
  ignore(port.emit(kAlarm, 8));
  CHECK(host.poll() == event(2, 8));
  CHECK(host.after(49) == "");
  CHECK(host.after(1) == event(2, 8));
}

TEST_CASE("on a line that loses nothing an event is sent once a session") {
  typedef Device<FakeLine<Packets>, Contract, AcknowledgedEvents<3, 6>> Port;
  Port port;
  Host<Port, Packets> host(port);
  host.startSession();
  ignore(port.emit(kAlarm, 7));
  CHECK(host.poll() == event(1, 7));
  CHECK(host.after(60000) == "");
  ignore(port.emit(kAlarm, 8));
  CHECK(host.send(ack(1)) == event(2, 8));
  CHECK(host.send("f0019401ce5eed1235cd1000cd03e8").substr(0, 4) == "ff01");
  CHECK(host.send("f102").substr(24) == " " + event(2, 8));
}

TEST_CASE_FIXTURE(Narrow, "a heartbeat of less than 200 ms leaves the pause at 50 ms") {
  port.begin();
  host.take();
  host.send("f0019401ce5eed1234cd100064");
  host.send("f102");
  ignore(port.emit(kAlarm, 7));
  CHECK(host.poll() == event(1, 7));
  for (int i = 0; i < 3; ++i) {
    CHECK(host.after(49) == "");
    CHECK(host.after(1) == event(1, 7));
  }
}

TEST_CASE_FIXTURE(Narrow, "the clock may pass its end while an event waits") {
  host.startSession();
  FakeBoard::now = 0xFFFFFFF0;
  ignore(port.emit(kAlarm, 7));
  CHECK(host.poll() == event(1, 7));
  CHECK(host.after(49) == "");
  CHECK(host.after(1) == event(1, 7));
}

TEST_CASE_FIXTURE(Narrow, "a HELLO without a heartbeat, or with nil, means one second") {
  for (const char* hello : {"f001920105", "f00194010500c0", "f0019401050000", "f00194010" "5c0c0"}) {
    host.port.begin();
    host.take();
    REQUIRE(host.send(hello).substr(0, 4) == "ff01");
    host.send("f102");
    ignore(port.emit(kAlarm, 1));
    host.poll();
    for (uint32_t pause : {50u, 100u, 200u, 250u, 250u}) {
      CHECK(host.repeated(pause) != "");
    }
    host.port.~Device();
    new (&host.port) Port;
  }
}

TEST_CASE_FIXTURE(Wide, "with a window of 4 four events go ahead, and an ACK finishes all before it") {
  host.startSession();
  for (unsigned i = 1; i <= 6; ++i) ignore(port.emit(kAlarm, i));
  CHECK(host.poll() == event(1, 1) + " " + event(2, 2) + " " + event(3, 3) + " " + event(4, 4));
  CHECK(host.send(ack(3)) == event(5, 5) + " " + event(6, 6));
  CHECK(port.keptEvents() == 3);
  CHECK(host.send(ack(2)) == "");
  CHECK(host.send(ack(6)) == "");
  CHECK(port.keptEvents() == 0);
}

TEST_CASE_FIXTURE(Wide, "an ACK that names a missing token goes back to it at once, once for each gap") {
  host.startSession();
  for (unsigned i = 1; i <= 4; ++i) ignore(port.emit(kAlarm, i));
  host.poll();
  CHECK(host.send("fb0102") == event(2, 2) + " " + event(3, 3) + " " + event(4, 4));
  CHECK(host.send("fb0102") == "");
  CHECK(host.send("fb0203") == event(3, 3) + " " + event(4, 4));
  CHECK(host.send("fb0203") == "");
  CHECK(host.after(50) == event(3, 3));
  CHECK(host.send("fb0203") == event(3, 3) + " " + event(4, 4));
  CHECK(host.send(ack(4)) == "");
}

TEST_CASE_FIXTURE(Wide, "a gap before the first event repeats the ACK of one that was never sent") {
  host.startSession();
  for (unsigned i = 1; i <= 2; ++i) ignore(port.emit(kAlarm, i));
  host.poll();
  CHECK(host.send("fbff01") == event(1, 1) + " " + event(2, 2));
  CHECK(port.keptEvents() == 2);
}

TEST_CASE_FIXTURE(Wide, "an ACK of what was not sent finishes nothing") {
  host.startSession();
  for (unsigned i = 1; i <= 6; ++i) ignore(port.emit(kAlarm, i));
  host.poll();
  CHECK(host.send(ack(5)) == "");
  CHECK(host.send(ack(200)) == "");
  CHECK(host.send("fb00") == "");
  CHECK(host.send("fb01c3") == "");
  CHECK(host.send("fb010101") == "");
  CHECK(port.keptEvents() == 6);
  CHECK(port.drops()[Drop::kMessage] == 5);
  CHECK(host.send("fb0109") == event(5, 5));  // it finishes the first, and what it calls missing was not sent
  CHECK(port.drops()[Drop::kMessage] == 6);
  CHECK(host.send(ack(1)) == "");  // the last ACK again, as for a repeated event
  CHECK(port.drops()[Drop::kMessage] == 6);
  CHECK(port.keptEvents() == 5);
}

TEST_CASE_FIXTURE(Wide, "an ACK between HELLO and TICK is none of this session's, and is counted") {
  host.startSession();
  ignore(port.emit(kAlarm, 1));
  host.poll();
  host.send("f0019401ce5eed1235cd1000cd03e8");
  CHECK(host.send("fbff01") == "");
  CHECK(host.send(ack(1)) == "");
  CHECK(port.drops()[Drop::kMessage] == 2);
  CHECK(port.keptEvents() == 1);
}

TEST_CASE_FIXTURE(Wide, "a new session sends what is kept again from the oldest, and HELLO tells its number") {
  host.startSession();
  for (unsigned i = 1; i <= 5; ++i) ignore(port.emit(kAlarm, i));
  host.poll();
  host.send(ack(2));
  CHECK(host.send("f0019401ce5eed1234cd1000cd03e8").find("ce00000000") == std::string::npos);
  CHECK(host.after(1000) == "");
  CHECK(host.send(ack(3)) == "");  // of the session before
  CHECK(port.keptEvents() == 3);
  CHECK(host.send("f102").substr(24) == " " + event(3, 3) + " " + event(4, 4) + " " + event(5, 5));
}

TEST_CASE_FIXTURE(Narrow, "HELLO tells the number of the oldest event, beyond 255 too") {
  host.startSession();
  for (unsigned i = 0; i < 300; ++i) {
    REQUIRE(port.emit(kAlarm, 1));
    REQUIRE(host.poll() == event(i % 255 + 1, 1));
    REQUIRE(host.send(ack(i % 255 + 1)) == "");
  }
  ignore(port.emit(kAlarm, 2));
  host.poll();
  const std::string reply = host.send("f0019401ce5eed1234cd1000cd03e8");
  CHECK(reply.find("00cd012c00") != std::string::npos);  // hash, eventSeq, deadManMs
  CHECK(host.send("f102").substr(24) == " " + event(300 % 255 + 1, 2));
}

TEST_CASE_FIXTURE(Narrow, "a full queue drops the newest, and SKIP with their count takes their place") {
  host.startSession();
  CHECK(port.emit(kAlarm, 1));
  CHECK(port.emit(kAlarm, 2));
  CHECK(port.emit(kAlarm, 3));
  CHECK_FALSE(port.emit(kAlarm, 4));
  CHECK_FALSE(port.emit(kAlarm, 5));
  CHECK(host.poll() == event(1, 1));
  CHECK(host.send(ack(1)) == event(2, 2));
  CHECK(port.keptEvents() == 3);  // SKIP stands in the place that became free
  CHECK_FALSE(port.emit(kAlarm, 6));
  CHECK(host.send(ack(2)) == event(3, 3));
  CHECK(host.send(ack(3)) == "fa0402");
  CHECK(host.send(ack(4)) == "fa0501");
  CHECK(port.emit(kAlarm, 7));
  CHECK(host.send(ack(5)) == event(6, 7));
  CHECK(host.send(ack(6)) == "");
}

TEST_CASE("whatever is lost, generated is received plus dropped, in order and without duplicates") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Wide device;
    device.host.startSession();
    uint32_t generated = 0, received = 0, dropped = 0, nextValue = 0;
    uint32_t expected = 0;  // number of the next event to take
    uint8_t lastAck = 0;
    const auto deliver = [&](const std::string& messages) {
      std::string answers;
      for (size_t from = 0; from < messages.size();) {
        const size_t to = std::min(messages.find(' ', from), messages.size());
        const Content content = fromHex(messages.substr(from, to - from));
        from = to + 1;
        if (content[0] >= 0xF0 && content[0] != 0xFA) continue;
        if (random() % 4 == 0) continue;  // lost on the way
        if (content[1] == expected % 255 + 1) {
          Reader value(content.data() + 2, content.size() - 2);
          uint32_t number = 0;
          uint16_t items = 0;
          if (content[0] == 0xFA) {
            REQUIRE(value.readUnsigned(&number, 0xFFFFFFFF) == Status::kOk);
            dropped += number;
            nextValue += number;
          } else {
            REQUIRE(value.readArray(&items) == Status::kOk);
            REQUIRE(value.readUnsigned(&number, 0xFFFFFFFF) == Status::kOk);
            REQUIRE(number == nextValue);
            ++nextValue;
            ++received;
          }
          lastAck = content[1];
          ++expected;
          answers = "fb" + hex2(lastAck);
        } else if (static_cast<unsigned>(content[1] + 255 - (expected % 255 + 1)) % 255 < 127) {
          answers = "fb" + hex2(lastAck ? lastAck : 255) + hex2(expected % 255 + 1);
        } else {
          answers = "fb" + hex2(lastAck);
        }
      }
      if (!answers.empty() && random() % 4 != 0) device.host.put(answers);
    };
    for (int step = 0; step < 4000; ++step) {
      if (step < 3000 && random() % 3 == 0) {
        ignore(device.port.emit(kAlarm, generated));
        ++generated;
      }
      if (step < 3000 && random() % 500 == 0) {
        device.host.poll();
        device.host.resume();
      }
      deliver(device.host.after(step < 3000 ? 3 : 100));
    }
    CHECK(device.port.keptEvents() == 0);
    CHECK(generated == received + dropped);
    CHECK(received > 100);
  }
}

TEST_CASE_FIXTURE(Narrow, "EXIT waits for a place") {
  host.startSession();
  for (unsigned i = 1; i <= 3; ++i) ignore(port.emit(kAlarm, i));
  CHECK_FALSE(port.exit(0));
  host.poll();
  host.send(ack(1));
  CHECK(port.exit(4));
  host.send(ack(2));
  CHECK(host.send(ack(3)) == "f80404");
}

TEST_CASE_FIXTURE(Wide, "nothing is emitted after exit(), and exit() again tells nothing more, until the host has acknowledged it") {
  host.startSession();
  CHECK(port.emit(kAlarm, 1));
  CHECK(port.exit(4));
  CHECK_FALSE(port.emit(kAlarm, 2));
  CHECK(port.exit(5));
  CHECK(port.keptEvents() == 2);
  CHECK(host.poll() == event(1, 1) + " f80204");
  CHECK_FALSE(port.emit(kAlarm, 3));
  CHECK(host.send(ack(1)) == "");
  CHECK_FALSE(port.emit(kAlarm, 4));
  CHECK(host.send(ack(2)) == "");
  // A board goes on: its next life begins with the next event.
  CHECK(port.emit(kAlarm, 5));
  CHECK(host.poll() == event(3, 5));
}

TEST_CASE_FIXTURE(Narrow, "EXIT is kept across sessions, as the last event still") {
  host.startSession();
  ignore(port.emit(kAlarm, 1));
  CHECK(port.exit(255));
  host.poll();
  host.resume();
  CHECK_FALSE(port.emit(kAlarm, 2));
  host.poll();
  CHECK(host.send(ack(1)) == "f802ccff");
}

TEST_CASE("L8: every exit status from 0 to 255 is told as it is") {
  for (unsigned status = 0; status <= 255; ++status) {
    Narrow device;
    device.host.startSession();
    REQUIRE(device.port.exit(static_cast<uint8_t>(status)));
    CHECK(device.host.poll() == "f801" + (status < 128 ? hex2(status) : "cc" + hex2(status)));
  }
}
