// A board of four functions, and what it is asked before it restarts.
#include "support.h"

using namespace portwire;

namespace {

std::deque<uint8_t> incoming;
Content outgoing;
int refusals = 0;
int resets = 0;
uint32_t nowMs = 0;

struct Hal {
  static int readByte() {
    if (incoming.empty()) return -1;
    const uint8_t byte = incoming.front();
    incoming.pop_front();
    return byte;
  }
  /// A transmitter that is busy every other time.
  static bool writeByte(uint8_t byte) {
    if (++refusals % 2 == 1) return false;
    outgoing.push_back(byte);
    return true;
  }
  static uint32_t milliseconds() { return nowMs; }
  static void reset() { ++resets; }
};

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr Action<0, uint8_t(uint8_t)> kEcho = {};

typedef Device<BareLine<Hal>, Contract, RemoteReset, Log<>> Port;
Port* current = nullptr;
std::string order;

struct Fixture {
  Port port;
  Frames::Receiver<200> receiver;

  Fixture() {
    incoming.clear();
    outgoing.clear();
    resets = 0;
    nowMs = 5;
    current = &port;
    order = "";
    port.on(kEcho, [](uint8_t number) { return number; });
    port.begin(0xC0FFEE01u, ResetCause::kWatchdog);
  }

  std::string take() {
    std::string all;
    for (uint8_t byte : outgoing)
      if (receiver.push(byte) == Received::kMessage) all += (all.empty() ? "" : " ") + toHex(receiver.content(), receiver.contentBytes());
    outgoing.clear();
    return all;
  }
  std::string send(const std::string& content) {
    for (uint8_t byte : framed<Frames>(fromHex(content))) incoming.push_back(byte);
    while (!incoming.empty()) port.poll();
    return take();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a board of four functions announces the epoch and the cause that begin() was given") {
  CHECK(take().substr(0, 22) == "f0009f01c0cec0ffee0104");
  CHECK(port.epoch() == 0xC0FFEE01);
}

TEST_CASE_FIXTURE(Fixture, "a board of four functions answers, bytes 0x00 and 0xff among them, and waits for a busy transmitter") {
  take();
  CHECK(send("f0019401ce5eed1234cd1000cd03e8").substr(0, 4) == "ff01");
  CHECK(send("f102") == "ff02930500ce" "c0ffee01");
  CHECK(send("000391ccff") == "ff03ccff");
  CHECK(send("00049100") == "ff0400");
}

TEST_CASE_FIXTURE(Fixture, "the handler of a reset runs once, before it, and what it says goes out; another boot's reset runs nothing") {
  port.onReset([] {
    order += "handler";
    CHECK(resets == 0);
    current->log(Severity::kNotice, "bye");
    current->poll();
  });
  take();
  CHECK(send("f0019401ce5eed1234cd1000cd03e8").substr(0, 4) == "ff01");
  CHECK(send("f102").substr(0, 4) == "ff02");
  send("f4009200cec0ffee00");
  CHECK(order == "");
  CHECK(resets == 0);
  CHECK(send("f4009200cec0ffee01") == "f5009205a3627965");
  CHECK(order == "handler");
  CHECK(resets == 1);
}
