// The conversations of the shared vectors: what a device answers, whatever language it is written in.
#include "script.h"

using namespace portwire;

namespace {

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 5;
  static constexpr uint8_t kIndexes = 11;
  static constexpr uint16_t kDescriptorBytes = sizeof kDeviceDescriptor - 1;
  static const char* descriptor() { return kDeviceDescriptor; }
};
constexpr Action<0, void()> kPing = {};
constexpr Action<1, float(float)> kScale = {};
constexpr Action<2, uint16_t(uint8_t, int8_t)> kAdd = {};
constexpr Action<3, Text<8>(Text<8>)> kGreet = {};
constexpr Event<9, float> kReading = {};
constexpr AcknowledgedEvent<10, uint32_t> kAlarm = {};

typedef Device<FakeLine<Frames, 255>, Contract, PlainEvents, AcknowledgedEvents<3, 6>, Jobs<1>, Requests<1>, Log<>, RemoteReset,
               EndOfInput, Stats, Describe>
    Port;

}  // namespace

TEST_CASE("a device answers as the shared conversations say") {
  REQUIRE(kDeviceScripts[0].name != nullptr);
  for (const DeviceVector* row = kDeviceScripts; row->name; ++row) {
    const std::string name = row->name;
    CAPTURE(name);
    Port port;
    Host<Port> host(port);
    port.on(kPing, [] {});
    port.on(kScale, [](float value) -> Result<float> {
      if (value < 0) return Fail(17);
      return value * 2;
    });
    port.on(kAdd, [](uint8_t a, int8_t b) { return static_cast<uint16_t>(a + b); });
    port.on(kGreet, [](Text<8> name) { return name; });
    port.begin();
    host.take();
    if (row->session) host.resume();
    std::istringstream script(row->script);
    for (std::string line; std::getline(script, line);) {
      CAPTURE(line);
      std::istringstream step(line);
      std::string verb, hex;
      unsigned number = 0;
      step >> verb;
      if (verb == ">") {
        step >> hex;
        host.put(hex);
      } else if (verb == "reading") {
        port.emit(kReading, 1.5f);
      } else {
        step >> number;
        if (verb == "alarm") CHECK(port.emit(kAlarm, number));
        if (verb == "refused") CHECK_FALSE(port.emit(kAlarm, number));
        if (verb == "exit") CHECK(port.exit(static_cast<uint8_t>(number)));
      }
      checkSaid(host.poll(), script);
    }
  }
}
