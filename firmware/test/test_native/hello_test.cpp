// One rule of hello a test: the announcement, the reply, what is none, and a device without a session.
#include "bench.h"

TEST_CASE_FIXTURE(Fixture, "a device announces itself when it begins: token 0, session nil") {
  port.begin();
  CHECK(host.take() == "f0009f01c0cec0ffee01043f3801ce1122334400000" "0cd03e8a5312e322e33a562656e6368a137");
}

TEST_CASE_FIXTURE(Fixture, "the reply to HELLO names the session") {
  port.begin();
  host.take();
  CHECK(host.send("f0019401ce5eed1234cd1000cd03e8") ==
        "ff019f01ce5eed1234cec0ffee01043f3801ce11223344000000cd03e8a5312e322e33a562656e6368a137");
}

TEST_CASE_FIXTURE(Fixture, "HELLO of a later version with fields more is answered in version 1") {
  port.begin();
  host.take();
  CHECK(host.send("f0019502ce5eed1234cd1000cd03e8a3616263").substr(0, 18) == "ff019f01ce5eed1234");
  CHECK(host.send("f00192010a").substr(0, 10) == "ff019f010a");
}

TEST_CASE_FIXTURE(Fixture, "HELLO that is none is dropped and changes nothing") {
  host.startSession();
  for (const char* bad : {"f001", "f001c0", "f0019101", "f0019201", "f00192ff05"}) {
    CAPTURE(bad);
    CHECK(host.send(bad) == "");
  }
  CHECK(host.send("f0009f01c0cec0ffee01043f3801ce11223344000000cd03e8a5312e322e33a562656e6368a137") == "");
  CHECK(host.send("f0029401ce5eed1234cd1000cd03e8") == "");
  CHECK(port.drops()[Drop::kMessage] == 7);
  CHECK(host.send("0003") == "ff0300");
}

TEST_CASE_FIXTURE(Fixture, "HELLO with a field of another type or range is none, whichever field it is") {
  host.startSession();
  const char* const bad[] = {
      "f00194" "00ce5eed1234cd1000cd03e8",           // version 0
      "f00194" "cd0100ce5eed1234cd1000cd03e8",       // a version of more than 8 bits
      "f00194" "01c0cd1000cd03e8",                   // no session
      "f00194" "01cf0000000100000000cd1000cd03e8",   // a session of more than 32 bits
      "f00194" "01ce5eed1234a161cd03e8",             // windowBytes is a text
      "f00194" "01ce5eed1234ffcd03e8",               // windowBytes is negative
      "f00194" "01ce5eed1234cd1000c3",               // heartbeatMs is a boolean
      "f00194" "01ce5eed1234cd1000cf0000000100000000",
      "f00194" "01ce5eed1234cd1000",                 // a field fewer than its head says
      "f00194" "01ce5eed1234cd1000cd03e800",         // a byte after the value
      "f00192" "0105cd1000",
  };
  uint16_t dropped = 0;
  for (const char* hello : bad) {
    CAPTURE(hello);
    CHECK(host.send(hello) == "");
    CHECK(port.drops()[Drop::kMessage] == ++dropped);
  }
  CHECK(host.send("0003") == "ff0300");  // and the session is as it was
  for (const char* good : {"f0019401ce5eed1234c0c0", "f0019301ce5eed1234cd1000", "f001dd0000000401ce5eed1234cd1000cd03e8"}) {
    CAPTURE(good);
    CHECK(host.send(good).substr(0, 4) == "ff01");
  }
}

TEST_CASE_FIXTURE(Fixture, "without a session every call is answered by the announcement, and none runs") {
  port.begin();
  host.take();
  for (const char* call : {"0002", "0001", "f102", "f305", "fa07", "0105a1ff", "9909", "fc0b09"}) {
    CAPTURE(call);
    CHECK(host.send(call).substr(0, 8) == "f0009f01");
  }
  CHECK(pings == 0);
}

TEST_CASE_FIXTURE(Fixture, "without a session token 0 and answers are dropped in silence") {
  port.begin();
  host.take();
  for (const char* message : {"0000", "0100", "ff0500", "fe059101", "fb05", "fb0506"}) CHECK(host.send(message) == "");
  CHECK(pings == 0);
}

TEST_CASE_FIXTURE(Fixture, "after HELLO only TICK with token 2 goes on") {
  port.begin();
  host.take();
  host.send("f0019401ce5eed1234cd1000cd03e8");
  CHECK_FALSE(port.inSession());
  CHECK(host.send("0002") == "");
  CHECK(host.send("0000") == "");
  CHECK(host.send("f103") == "");
  CHECK(pings == 0);
  CHECK(host.send("f102") == "ff0293cd03e800cec0ffee01");
  CHECK(port.inSession());
  CHECK(host.send("0003") == "ff0300");
}

TEST_CASE_FIXTURE(Fixture, "TICK is answered by uptime, plain events and epoch") {
  host.startSession();
  FakeBoard::now = 0xFFFFFFFF;
  CHECK(host.send("f103") == "ff0393ceffffffff00cec0ffee01");
  CHECK(host.send("f104c0") == "ff0493ceffffffff00cec0ffee01");
  CHECK(host.send("f10500") == "fe059102");
  CHECK(host.send("f106c0c0") == "fe069102");
}

TEST_CASE_FIXTURE(Fixture, "every HELLO begins anew: token 2, and an empty cache") {
  host.startSession();
  CHECK(host.send("0003") == "ff0300");
  host.send("f0019401ce5eed1235cd1000cd03e8");
  CHECK(host.send("0003") == "");
  CHECK(host.send("0004") == "");
  CHECK(host.send("f102").substr(0, 4) == "ff02");
  CHECK(host.send("0003") == "ff0300");
  CHECK(pings == 2);
}

TEST_CASE_FIXTURE(Fixture, "a copy of HELLO before the TICK does no harm") {
  port.begin();
  host.take();
  for (int i = 0; i < 3; ++i) CHECK(host.send("f0019401ce5eed1234cd1000cd03e8").substr(0, 4) == "ff01");
  CHECK(host.send("f102").substr(0, 4) == "ff02");
}

TEST_CASE("a device that was made, but not begun, says nothing and obeys nothing but HELLO") {
  Bench port;
  Host<Bench> host(port);
  CHECK(host.poll() == "");
}

TEST_CASE("a text that does not fit the reply slot is nil, and one that just fits is told") {
  // Without the three texts there are 23 bytes of value here, and the slot holds 48.
  {
    typedef Device<FakeLine<Frames, 63, 50>, Contract> Roomy;
    Roomy port;
    Host<Roomy> host(port);
    port.begin();
    CHECK(host.take() == "f0009f01c0cec0ffee01043f3801ce1122334400000" "0cd03e8a5312e322e33a562656e6368a137");
  }
  struct Long : Contract {
    static const char* name() {
      PORTWIRE_FLASH_TEXT(kLong, "seventeen-bytes-a");
      return kLong;
    }
  };
  struct Fitting : Contract {
    static const char* name() {
      PORTWIRE_FLASH_TEXT(kFitting, "sixteen-bytes-ab");
      return kFitting;
    }
  };
  {
    Device<FakeLine<Frames, 63, 50>, Fitting> port;
    Host<Device<FakeLine<Frames, 63, 50>, Fitting>> host(port);
    port.begin();
    const std::string hello = host.take();
    CHECK(hello.size() / 2 == 50);
    CHECK(hello.substr(hello.size() - 38) == "b07369787465656e2d62797465732d6162a137");
  }
  {
    Device<FakeLine<Frames, 63, 50>, Long> port;
    Host<Device<FakeLine<Frames, 63, 50>, Long>> host(port);
    port.begin();
    const std::string hello = host.take();
    // The name took the room of what comes after it.
    CHECK(hello.substr(hello.size() - 4) == "61c0");
  }
}
