// What a handler is given, what it answers, and what it is not run for.
#include "bench.h"

TEST_CASE_FIXTURE(Fixture, "arguments reach the handler in its own types, and its result goes back") {
  host.startSession();
  CHECK(host.send("010391ca3fc00000") == "ff03ca40400000");
  CHECK(host.send("010491cb3ff8000000000000") == "ff04ca40400000");
  CHECK(host.send("01059103") == "ff05ca40c00000");
  CHECK(host.send("020692ccc8ff") == "ff06ccc7");
  CHECK(host.send("030791a3616263") == "ff07a3616263");
  CHECK(host.send("0508") == "ff0892fbc3");
  CHECK(host.send("0509c0") == "ff0992fbc3");
  CHECK(host.send("050a90") == "ff0a92fbc3");
  CHECK(host.send("02" "0b92cd00c8d0ff") == "ff0bccc7");
}

TEST_CASE_FIXTURE(Fixture, "an object of the user's is the handler's first argument") {
  host.startSession();
  CHECK(host.send("060391cd0100") == "ff03cd0100");
  CHECK(host.send("06049101") == "ff04cd0101");
  CHECK(total == 257);
}

TEST_CASE_FIXTURE(Fixture, "arguments that do not fit are ERROR 2, and the handler does not run") {
  host.startSession();
  const char* const bad[] = {
      "01",                  // none
      "0190",                // too few
      "019203ca3f800000",    // too many
      "01ca3f800000",        // no array
      "0191ca3f80000000",    // a byte after the value
      "0181ca3f800000",      // a map
      "0192ca3f800000",      // fewer than the head says
      "01dd00010001ca3f800000",
  };
  uint8_t token = 3;
  for (const char* message : bad) {
    CAPTURE(message);
    const std::string text = message;
    const std::string t = toHex(&token, 1);
    CHECK(host.send(text.substr(0, 2) + t + text.substr(2)) == "fe" + t + "9102");
    ++token;
  }
  CHECK(scales == 0);
  CHECK(host.send("010b90").substr(0, 4) == "fe0b");
  CHECK(host.send("020c920000") == "ff0c00");
}

TEST_CASE_FIXTURE(Fixture, "an argument that cannot be read is named by its place, counted from 1") {
  host.startSession();
  const std::string first = "92" "02aa" + toHex(Content{'a', 'r', 'g', 'u', 'm', 'e', 'n', 't', ' ', '1'});
  const std::string second = "92" "02aa" + toHex(Content{'a', 'r', 'g', 'u', 'm', 'e', 'n', 't', ' ', '2'});
  CHECK(host.send("010391ca3f8000") == "fe03" + first);  // cut
  CHECK(host.send("010491c3") == "fe04" + first);        // another type
  CHECK(host.send("010591a130") == "fe05" + first);      // text is no number
  CHECK(host.send("010691c1") == "fe06" + first);        // what msgpack never uses
  CHECK(host.send("020792cd010000") == "fe07" + first);
  CHECK(host.send("02089200cc80") == "fe08" + second);
  CHECK(host.send("02089200cc80") == "fe08" + second);   // a repeat says the same
  CHECK(host.send("02099200") == "fe09" + second);       // missing
  CHECK(host.send("020a93000000") == "fe0a9102");        // too many: none of them is to blame
  CHECK(host.send("0f0b91c3") == "fe0b9101");
  CHECK(host.send("f10c00") == "fe0c9102");
  CHECK(scales == 0);
  CHECK(host.send("000d") == "ff0d00");
}

TEST_CASE_FIXTURE(Fixture, "a finite number that no float is as large as is refused: no handler finds infinity in its place") {
  host.startSession();
  const std::string first = "9202aa" + toHex(Content{'a', 'r', 'g', 'u', 'm', 'e', 'n', 't', ' ', '1'});
  CHECK(host.send("010391cb7e37e43c8800759c") == "fe03" + first);  // 1e300
  CHECK(host.send("010491cbfe37e43c8800759c") == "fe04" + first);
  CHECK(host.send("010591cb47effffff0000000") == "fe05" + first);  // half way from the largest float to the next
  CHECK(scales == 0);
  CHECK(host.send("010691cb7ff0000000000000") == "fe069106");  // infinity itself: the handler's own error
  CHECK(scales == 1);
}

namespace {
struct Many : Contract {
  static constexpr uint8_t kMaxArguments = 10;
};
}  // namespace

TEST_CASE("the tenth argument is named where the contract says that there is one") {
  static constexpr Action<0, void(bool, bool, bool, bool, bool, bool, bool, bool, bool, bool)> kTen = {};
  const auto ten = [](bool, bool, bool, bool, bool, bool, bool, bool, bool, bool) {};
  Device<FakeLine<>, Many> named;
  Host<Device<FakeLine<>, Many>> host(named);
  named.on(kTen, ten);
  host.startSession();
  CHECK(host.send("00039a" "c2c2c2c2c2c2c2c207c2") == "fe039202aa" "617267756d656e742039");
  CHECK(host.send("00049a" "c2c2c2c2c2c2c2c2c207") == "fe049202ab" "617267756d656e74203130");
  CHECK(host.send("00059a" "c2c2c2c2c2c2c2c2c2c3") == "ff0500");

  // By default the code for a second digit is left out.
  Device<FakeLine<>, Contract> unnamed;
  Host<Device<FakeLine<>, Contract>> other(unnamed);
  unnamed.on(kTen, ten);
  other.startSession();
  CHECK(other.send("00039a" "c2c2c2c2c2c2c2c207c2") == "fe039202aa" "617267756d656e742039");
  CHECK(other.send("00049a" "c2c2c2c2c2c2c2c2c207") == "fe049102");
}

TEST_CASE_FIXTURE(Fixture, "arguments come with any head and any width that msgpack has for them") {
  host.startSession();
  CHECK(host.send("0103dd00000001ca3fc00000") == "ff03ca40400000");
  CHECK(host.send("0104dc0001ca3fc00000") == "ff04ca40400000");
  CHECK(host.send("010591cf0000000000000003") == "ff05ca40c00000");
  CHECK(host.send("010691d30000000000000003") == "ff06ca40c00000");
  CHECK(host.send("0307" "91db00000003616263") == "ff07a3616263");
  CHECK(host.send("0208" "dd00000002cf00000000000000c8d3ffffffffffffffff") == "ff08ccc7");
  CHECK(host.send("0009dd00000000") == "ff0900");
}

TEST_CASE_FIXTURE(Fixture, "integers at the ends of their type pass, one beyond is ERROR 2") {
  port.on(kNegate, [](int16_t a, int32_t) { return static_cast<int16_t>(-a); });
  host.startSession();
  CHECK(host.send("080392d18001d280000000") == "ff03cd7fff");
  CHECK(host.send("080492cd7fffce7fffffff") == "ff04d18001");
  CHECK(host.send("080592cd800000").substr(0, 8) == "fe059202");
  CHECK(host.send("080692d2ffff7fff00").substr(0, 8) == "fe069202");
  CHECK(host.send("08079200ce80000000").substr(0, 8) == "fe079202");
  CHECK(host.send("08089200d3ffffffff7fffffff").substr(0, 8) == "fe089202");
  CHECK(host.send("08099200d3ffffffff80000000") == "ff0900");
}

TEST_CASE_FIXTURE(Fixture, "a text longer than the contract allows is ERROR 4") {
  host.startSession();
  CHECK(host.send("030391a83132333435363738") == "ff03a83132333435363738");
  CHECK(host.send("030491a9313233343536373839") == "fe049204aa" "617267756d656e742031");
}

TEST_CASE_FIXTURE(Fixture, "a handler may fail, with its own number or the protocol's, and the answer is kept") {
  host.startSession();
  CHECK(host.send("010391ff") == "fe039111");
  CHECK(host.send("010391ff") == "fe039111");
  CHECK(scales == 1);
  CHECK(host.send("010491cd0100") == "fe049106");
}

TEST_CASE_FIXTURE(Fixture, "a handler without a result may fail too, and with one it answers integer 0") {
  port.on(kSwitch, [](bool on) -> Result<void> {
    if (on) return Fail(18);
    return Result<void>();
  });
  host.startSession();
  CHECK(host.send("070391c3") == "fe039112");
  CHECK(host.send("070491c2") == "ff0400");
}

TEST_CASE_FIXTURE(Fixture, "a reply of one byte less than the slot, of the slot, and one more is ERROR 8") {
  host.startSession();
  // 64 bytes of content: action, token, bin 8 with its length, 60 bytes.
  CHECK(host.send("0403913b") == "ff03c43b" + toHex(filled, 59));
  CHECK(host.send("0404913c") == "ff04c43c" + toHex(filled, 60));
  CHECK(host.send("0405913d") == "fe059108");
  CHECK(host.send("0405913d") == "fe059108");
  CHECK(host.send("04069164") == "fe069108");
  CHECK(host.send("04079100") == "ff07c400");
}

TEST_CASE_FIXTURE(Fixture, "a call of one byte less than the buffer, of the buffer, and one more") {
  host.startSession();
  // 56 bytes of content; the text is refused by the contract, so it was read.
  const auto call = [](size_t textBytes, const char* token) {
    const uint8_t length = static_cast<uint8_t>(textBytes);
    return std::string("03") + token + "91d9" + toHex(&length, 1) + toHex(Content(textBytes, 'x'));
  };
  CHECK(call(51, "03").size() / 2 == 56);
  CHECK(host.send(call(50, "03")).substr(0, 8) == "fe039204");
  CHECK(host.send(call(51, "04")).substr(0, 8) == "fe049204");
  CHECK(host.send(call(52, "05")) == "");
  CHECK(port.drops()[Drop::kOversize] == 1);
  CHECK(host.send("0005") == "ff0500");
}
