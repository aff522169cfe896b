// How acknowledged events are repeated: the oldest alone, and at uneven times.
#include "support.h"

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

TEST_CASE_FIXTURE(Wide, "an event that comes while the timer repeats the oldest goes out at once") {
  host.startSession();
  ignore(port.emit(kAlarm, 1));
  host.poll();
  CHECK(host.after(50) == event(1, 1));
  ignore(port.emit(kAlarm, 2));
  CHECK(host.poll() == event(2, 2));
  CHECK(host.send(ack(2)) == "");
  CHECK(port.keptEvents() == 0);
}

TEST_CASE_FIXTURE(Narrow, "pauses that are a quarter of the heartbeat are uneven") {
  host.startSession();
  ignore(port.emit(kAlarm, 7));
  host.poll();
  for (uint32_t pause : {50u, 100u, 200u}) host.repeated(pause);
  bool seen[251] = {};
  unsigned different = 0;
  for (int i = 0; i < 20; ++i) {
    const uint32_t from = FakeBoard::now;
    REQUIRE(host.repeated(250) == event(1, 7));
    const uint32_t pause = FakeBoard::now - from;
    if (!seen[pause]) ++different;
    seen[pause] = true;
  }
  CHECK(different >= 4);
}

TEST_CASE_FIXTURE(Wide, "the timer sends the oldest again, alone; those behind it follow when it is acknowledged") {
  host.startSession();
  for (unsigned i = 1; i <= 3; ++i) ignore(port.emit(kAlarm, i));
  host.poll();
  CHECK(host.after(50) == event(1, 1));
  CHECK(host.after(100) == event(1, 1));
  CHECK(host.send(ack(1)) == event(2, 2) + " " + event(3, 3));
  CHECK(host.send(ack(2)) == "");
  CHECK(host.after(49) == "");
  CHECK(host.after(1) == event(3, 3));
}
