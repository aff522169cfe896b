// One rule of the lane of calls a test: tokens, repeats, casts, windows, and frames that are no messages.
#include "bench.h"

TEST_CASE_FIXTURE(Fixture, "only the next token runs, and the last answer is given again without running") {
  host.startSession();
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("0003") == "ff0300");
  CHECK(pings == 1);
  CHECK(host.send("0005") == "");
  CHECK(host.send("0002") == "");
  CHECK(pings == 1);
  CHECK(port.drops()[Drop::kToken] == 2);
  CHECK(host.send("0004") == "ff0400");
  CHECK(pings == 2);
  CHECK(host.send("0003") == "");
}

TEST_CASE_FIXTURE(Fixture, "a repeat under another action is answered from the cache all the same") {
  host.startSession();
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("fa03") == "ff0300");
  CHECK(pings == 1);
}

TEST_CASE_FIXTURE(Fixture, "SKIP takes the place of a call: ERROR 5, again when repeated, and the call never runs") {
  host.startSession();
  CHECK(host.send("fa03") == "fe039105");
  CHECK(host.send("fa03") == "fe039105");
  CHECK(host.send("0003") == "fe039105");
  CHECK(pings == 0);
  CHECK(host.send("fa0401") == "fe049102");
  CHECK(host.send("0005") == "ff0500");
}

TEST_CASE_FIXTURE(Fixture, "after token 255 comes 1") {
  host.startSession();
  for (int i = 3; i != 256 + 3; ++i) {
    const uint8_t token = static_cast<uint8_t>((i - 1) % 255 + 1);
    const uint8_t call[] = {0, token};
    const uint8_t reply[] = {0xFF, token, 0};
    REQUIRE(host.send(toHex(call, 2)) == toHex(reply, 3));
  }
  CHECK(pings == 256);
}

TEST_CASE_FIXTURE(Fixture, "an action without a handler is ERROR 1") {
  host.startSession();
  CHECK(host.send("0703") == "fe039101");
  CHECK(host.send("0f0491c3") == "fe049101");
  CHECK(host.send("1005") == "fe059101");
  CHECK(host.send("ef06") == "fe069101");
}

TEST_CASE_FIXTURE(Fixture, "an action of the protocol that this device does not have is ERROR 1") {
  host.startSession();
  std::string expected;
  uint8_t token = 3;
  for (const char* action : {"f2", "f3", "f6", "f7", "f8", "f9", "fc", "fd"}) {
    CAPTURE(action);
    const uint8_t call[] = {token};
    const std::string t = toHex(call, 1);
    CHECK(host.send(action + t) == "fe" + t + "9101");
    ++token;
  }
}

TEST_CASE_FIXTURE(Fixture, "REPLY, ERROR and ACK that nobody waits for are counted") {
  host.startSession();
  CHECK(host.send("ff0300") == "");
  CHECK(host.send("fe039101") == "");
  CHECK(host.send("fb03") == "");
  CHECK(port.drops()[Drop::kMessage] == 3);
  CHECK(host.send("0003") == "ff0300");
}

TEST_CASE_FIXTURE(Fixture, "a cast runs and is not answered; the cache stays as it was") {
  host.startSession();
  CHECK(host.send("010391ca3fc00000") == "ff03ca40400000");
  CHECK(host.send("0000") == "");
  CHECK(host.send("01009105") == "");
  CHECK(pings == 1);
  CHECK(scales == 2);
  CHECK(host.send("010391ca3fc00000") == "ff03ca40400000");
  CHECK(scales == 2);
}

TEST_CASE_FIXTURE(Fixture, "a cast that cannot run is counted") {
  host.startSession();
  CHECK(host.send("0f00") == "");
  CHECK(host.send("01009100ff") == "");
  CHECK(host.send("f100") == "");
  CHECK(host.send("f200") == "");
  CHECK(port.drops()[Drop::kMessage] == 4);
  CHECK(host.send("010091ff") == "");  // ran, and failed in its own way
  CHECK(port.drops()[Drop::kMessage] == 4);
}

TEST_CASE_FIXTURE(Fixture, "frames that are no messages are counted by their reason, and the session goes on") {
  host.startSession();
  Content crc = framed<Frames>(fromHex("0003"));
  crc[crc.size() - 2] ^= 1;
  host.put(crc);
  host.put(fromHex("0005010200"));
  host.put(framed<Frames>(fromHex("00")));
  host.put(fromHex("0068656c6c6f0a00"));
  CHECK(host.poll() == "");
  CHECK(port.drops()[Drop::kCrc] == 1);
  CHECK(port.drops()[Drop::kCobs] == 2);
  CHECK(port.drops()[Drop::kShort] == 1);
  CHECK(host.send("0003") == "ff0300");
}

TEST_CASE_FIXTURE(Fixture, "one poll runs at most one handler") {
  host.startSession();
  host.put("0003");
  host.put("0004");
  port.poll();
  CHECK(host.take() == "ff0300");
  port.poll();
  CHECK(host.take() == "ff0400");
}

TEST_CASE("poll inside a handler does nothing") {
  static Device<FakeLine<>, Contract>* self;
  Device<FakeLine<>, Contract> port;
  self = &port;
  Host<Device<FakeLine<>, Contract>> host(port);
  port.on(kPing, [] { self->poll(); });
  host.startSession();
  host.put("0003");
  host.put("0004");
  port.poll();
  CHECK(host.take() == "ff0300");
  CHECK(host.poll() == "ff0400");
}

TEST_CASE("a window of 4 keeps the last four answers") {
  typedef Device<FakeLine<Frames, 255, 64, 4>, Contract> Wide;
  Wide port;
  Host<Wide> host(port);
  static int runs;
  runs = 0;
  port.on(kPing, [] { ++runs; });
  port.begin();
  CHECK(host.take().find("ccffccf804") != std::string::npos);
  host.resume();
  for (const char* call : {"0003", "0004", "0005", "0006"}) host.send(call);
  CHECK(runs == 4);
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("0006") == "ff0600");
  CHECK(host.send("f102") == "");
  host.send("0007");
  CHECK(host.send("0003") == "");
  CHECK(host.send("0004") == "ff0400");
  CHECK(runs == 5);
}

TEST_CASE("the same session speaks bare packets") {
  typedef Device<FakeLine<Packets>, Contract> Bare;
  Bare port;
  Host<Bare, Packets> host(port);
  port.on(kPing, [] {});
  host.startSession();
  CHECK(host.send("0003") == "ff0300");
  CHECK(host.send("0003") == "ff0300");
}
