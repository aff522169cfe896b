// Another baud rate: the conversations of the shared vectors, and what only this library has.
#include "script.h"

using namespace portwire;

namespace {

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr Action<0, void()> kPing = {};

typedef Device<FakeLine<>, Contract, BaudRates<115200, 1000000, 250000>> Fast;
typedef Device<FakeLine<>, Contract, Stats, BaudRates<115200, 1000000, 250000>, RemoteReset, DeadMan> Layered;
typedef Device<FakeLine<>, Contract> Plain;

const char* const kAsk = "f0019501ce5eed1234cd1000cd03e8ce000f4240";

struct Fixture {
  Fast port;
  Host<Fast> host;
  Fixture() : host(port) {
    port.begin();
    host.take();
  }
};

}  // namespace

TEST_CASE("a device changes its baud rate as the shared conversations say") {
  REQUIRE(kBaudRateScripts[0].name != nullptr);
  for (const DeviceVector* row = kBaudRateScripts; row->name; ++row) {
    const std::string name = row->name;
    CAPTURE(name);
    Fixture fixture;
    std::istringstream script(row->script);
    for (std::string line; std::getline(script, line);) {
      CAPTURE(line);
      std::istringstream step(line);
      std::string verb, hex;
      uint32_t number = 0;
      step >> verb;
      if (verb == ">") {
        step >> hex;
        fixture.host.put(hex);
      } else {
        step >> number;
        if (verb == "rate") CHECK(fixture.port.line().baudRate == number);
        if (verb == "rate") CHECK(fixture.port.baudRate() == number);
        if (verb == "after")
          while (number-- != 0) fixture.host.after(1);
      }
      checkSaid(fixture.host.poll(), script);
    }
  }
}

TEST_CASE("begin sets the opening rate before anything is said") {
  Fast port;
  Host<Fast> host(port);
  port.begin();
  CHECK(port.line().baudRate == 115200);
  CHECK(port.line().bytesAtChange == 0);
}

TEST_CASE("the hello ends with the list of rates, and tells the feature") {
  Fast port;
  Host<Fast> host(port);
  port.begin();
  const std::string said = host.take();
  CHECK(said.substr(0, 10) == "f000dc0010");
  CHECK(said.substr(said.size() - 22) == "92ce000f4240ce0003d090");
  CHECK(said.find("cd0800") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "the answer has been flushed when the rate changes, and nothing is written in between") {
  const int before = port.line().flushes;
  host.put(kAsk);
  port.poll();
  CHECK(port.line().baudRate == 1000000);
  CHECK(port.line().flushesAtChange == before + 1);
  CHECK(port.line().bytesAtChange == port.line().output.size());
  CHECK(port.line().bytesAtChange > 40);
}

TEST_CASE_FIXTURE(Fixture, "a handler that blocks for long does not bring it back: what has come meanwhile is read first") {
  static uint32_t blockMs = 10000;
  port.on(kPing, [] { FakeBoard::now += blockMs; });
  CHECK(host.send(kAsk) != "");
  CHECK(host.send("f102") != "");
  host.put("0003");
  host.put("f104");  // comes while the handler runs
  port.poll();
  CHECK(port.line().baudRate == 1000000);
  CHECK(host.poll() != "");
  CHECK(port.line().baudRate == 1000000);
  host.after(3000);
  CHECK(port.line().baudRate == 115200);
}

TEST_CASE("it goes together with other features, in any order") {
  Layered port;
  Host<Layered> host(port);
  port.begin();
  host.take();
  CHECK(host.send(kAsk).substr(0, 4) == "ff01");
  CHECK(port.line().baudRate == 1000000);
  CHECK(host.send("f102").substr(0, 4) == "ff02");
  CHECK(host.send("f603").substr(0, 4) == "ff03");
}

TEST_CASE("a device without the feature stays, says nothing of rates, and answers HELLO that asks for one") {
  Plain port;
  Host<Plain> host(port);
  port.begin();
  CHECK(host.take().substr(0, 6) == "f0009f");
  CHECK(host.send(kAsk).substr(0, 6) == "ff019f");
  CHECK(port.line().baudRate == 0);
}
