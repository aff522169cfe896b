// Values of 64 bits, each at the ends of what it can hold.
#include <stdio.h>
#include <string.h>

#include <limits>
#include <random>

#include "support.h"

using namespace portwire;

namespace {

/// What Wire reads from these bytes; they must be read to their end.
template <class T> Status read(const std::string& hex, T* value) {
  const Content bytes = fromHex(hex);
  Reader reader(bytes.data(), bytes.size());
  const Status status = detail::Wire<T>::read(reader, value);
  if (status == Status::kOk) CHECK(reader.atEnd());
  return status;
}

template <class T> std::string written(const T& value) {
  uint8_t buffer[16];
  Writer writer(buffer, sizeof buffer);
  detail::Wire<T>::write(writer, value);
  REQUIRE(!writer.overflowed());
  return toHex(buffer, writer.bytes());
}

/// Writes and reads, which must give the same; returns what was written.
template <class T> std::string roundTrip(T value) {
  const std::string hex = written(value);
  T back = 0;
  CHECK(read(hex, &back) == Status::kOk);
  CHECK(back == value);
  return hex;
}

/// The float's and the double's bits as Binary64 keeps them.
std::string bitsOf(const Binary64& value) {
  char text[17];
  snprintf(text, sizeof text, "%08x%08x", value.words.high, value.words.low);
  return text;
}
std::string bitsOf(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(bits));
  return text;
}

}  // namespace

TEST_CASE("a u64 goes out in its shortest form, on both sides of each width, and comes back") {
  CHECK(roundTrip<uint64_t>(0) == "00");
  CHECK(roundTrip<uint64_t>(0x7F) == "7f");
  CHECK(roundTrip<uint64_t>(0x80) == "cc80");
  CHECK(roundTrip<uint64_t>(0xFFFF) == "cdffff");
  CHECK(roundTrip<uint64_t>(0x10000) == "ce00010000");
  CHECK(roundTrip<uint64_t>(0xFFFFFFFF) == "ceffffffff");
  CHECK(roundTrip<uint64_t>(0x100000000) == "cf0000000100000000");
  CHECK(roundTrip<uint64_t>(0xFFFFFFFFFFFFFFFE) == "cffffffffffffffffe");
  CHECK(roundTrip<uint64_t>(0xFFFFFFFFFFFFFFFF) == "cfffffffffffffffff");
}

TEST_CASE("an i64 goes out in its shortest form, on both sides of each width, and comes back") {
  CHECK(roundTrip<int64_t>(-1) == "ff");
  CHECK(roundTrip<int64_t>(-32) == "e0");
  CHECK(roundTrip<int64_t>(-33) == "d0df");
  CHECK(roundTrip<int64_t>(-2147483648LL) == "d280000000");
  CHECK(roundTrip<int64_t>(-2147483649LL) == "d3ffffffff7fffffff");
  CHECK(roundTrip<int64_t>(4294967295LL) == "ceffffffff");
  CHECK(roundTrip<int64_t>(4294967296LL) == "cf0000000100000000");
  CHECK(roundTrip<int64_t>(std::numeric_limits<int64_t>::max()) == "cf7fffffffffffffff");
  CHECK(roundTrip<int64_t>(std::numeric_limits<int64_t>::min()) == "d38000000000000000");
}

TEST_CASE("an integer that its 64 bits cannot hold is out of range, and nothing is stored") {
  uint64_t natural = 7;
  CHECK(read("ff", &natural) == Status::kOutOfRange);
  CHECK(read("d3ffffffffffffffff", &natural) == Status::kOutOfRange);
  CHECK(read("d37fffffffffffffff", &natural) == Status::kOk);
  natural = 7;
  CHECK(read("ca3f800000", &natural) == Status::kWrongType);
  CHECK(read("c3", &natural) == Status::kWrongType);
  CHECK(natural == 7);
  int64_t integer = 7;
  CHECK(read("cf8000000000000000", &integer) == Status::kOutOfRange);
  CHECK(integer == 7);
  CHECK(read("cf7fffffffffffffff", &integer) == Status::kOk);
}

TEST_CASE("a value of 64 bits that is cut short anywhere is truncated, and nothing is stored") {
  for (const char* whole : {"cf0000000100000000", "d3ffffffff7fffffff", "cb3ff0000000000000", "ca3f800000", "ce00010000"}) {
    const std::string text = whole;
    for (size_t bytes = 0; bytes < text.size() / 2; ++bytes) {
      CAPTURE(text.substr(0, 2 * bytes));
      uint64_t natural = 7;
      int64_t integer = 7;
      double real = 7;
      if (text[1] != 'a' && text[1] != 'b') CHECK(read(text.substr(0, 2 * bytes), &natural) == Status::kTruncated);
      if (text[1] != 'a' && text[1] != 'b') CHECK(read(text.substr(0, 2 * bytes), &integer) == Status::kTruncated);
      CHECK(read(text.substr(0, 2 * bytes), &real) == Status::kTruncated);
      CHECK(natural == 7);
      CHECK(integer == 7);
      CHECK(real == 7);
    }
  }
}

TEST_CASE("an f64 keeps all its bits: as double, and as Binary64 where double has 32") {
  const double all[] = {0.0, -0.0, 1.0, -1.5, 0.1, 1e300, -1e-300, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740993.0};
  for (double value : all) {
    CAPTURE(value);
    const std::string hex = "cb" + bitsOf(value);
    CHECK(written(value) == hex);
    double real = 7;
    Binary64 kept;
    CHECK(read(hex, &real) == Status::kOk);
    CHECK(read(hex, &kept) == Status::kOk);
    CHECK(bitsOf(real) == bitsOf(value));
    CHECK(bitsOf(kept) == bitsOf(value));
    CHECK(written(kept) == hex);
  }
}

TEST_CASE("an f64 takes floats of 32 bits as they are, subnormal ones, infinities and not-a-number too") {
  std::mt19937 random(20210317);
  for (int i = 0; i < 20000; ++i) {
    uint32_t bits = static_cast<uint32_t>(random());
    if (i < 300) bits = (bits & 0x80000000) | (i % 3 == 0 ? 0 : i % 3 == 1 ? 0x7F800000 : bits & 0x7FFFFF);
    float single;
    memcpy(&single, &bits, sizeof bits);
    const uint8_t bytes[] = {0xCA, static_cast<uint8_t>(bits >> 24), static_cast<uint8_t>(bits >> 16), static_cast<uint8_t>(bits >> 8), static_cast<uint8_t>(bits)};
    Binary64 kept;
    double real = 0;
    REQUIRE(read(toHex(bytes, 5), &kept) == Status::kOk);
    REQUIRE(read(toHex(bytes, 5), &real) == Status::kOk);
    CAPTURE(bits);
    if (single != single) {
      REQUIRE(real != real);
      REQUIRE(bitsOf(kept) == bitsOf(real));
    } else {
      REQUIRE(bitsOf(kept) == bitsOf(static_cast<double>(single)));
      REQUIRE(real == static_cast<double>(single));
    }
  }
}

TEST_CASE("an f64 takes whole numbers that 53 bits hold exactly; one that they do not hold is out of range, not rounded") {
  double real = 7;
  CHECK(read("00", &real) == Status::kOk);
  CHECK(bitsOf(real) == bitsOf(0.0));
  CHECK(read("ff", &real) == Status::kOk);
  CHECK(real == -1.0);
  CHECK(read("d280000000", &real) == Status::kOk);
  CHECK(real == -2147483648.0);
  CHECK(read("cf001fffffffffffff", &real) == Status::kOk);
  CHECK(real == 9007199254740991.0);
  CHECK(read("cf0020000000000000", &real) == Status::kOk);
  CHECK(real == 9007199254740992.0);
  CHECK(read("cf0020000000000001", &real) == Status::kOutOfRange);
  CHECK(real == 9007199254740992.0);
  CHECK(read("cf0020000000000002", &real) == Status::kOk);
  CHECK(read("cffffffffffffff800", &real) == Status::kOk);
  CHECK(real == 18446744073709549568.0);
  CHECK(read("cfffffffffffffffff", &real) == Status::kOutOfRange);
  CHECK(read("d38000000000000000", &real) == Status::kOk);
  CHECK(real == -9223372036854775808.0);
  CHECK(read("d3ffdfffffffffffff", &real) == Status::kOutOfRange);
  CHECK(read("a130", &real) == Status::kWrongType);
}

TEST_CASE("narrow() gives the nearest float, and refuses what no float is as large as") {
  float nearest = 7;
  CHECK(narrow(0.1, &nearest) == Status::kOk);
  CHECK(nearest == 0.1f);
  CHECK(narrow(Binary64(0.25f), &nearest) == Status::kOk);
  CHECK(nearest == 0.25f);
  const double largest = static_cast<double>(std::numeric_limits<float>::max());
  CHECK(narrow(largest, &nearest) == Status::kOk);
  CHECK(nearest == std::numeric_limits<float>::max());
  CHECK(narrow(3.4028235677973362e38, &nearest) == Status::kOk);  // the last that is rounded to it
  CHECK(narrow(3.4028235677973366e38, &nearest) == Status::kOutOfRange);
  CHECK(nearest == std::numeric_limits<float>::max());
  CHECK(narrow(-1e300, &nearest) == Status::kOutOfRange);
  CHECK(narrow(std::numeric_limits<double>::infinity(), &nearest) == Status::kOk);
  CHECK(nearest == std::numeric_limits<float>::infinity());
}
