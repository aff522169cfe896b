#include "support.h"
#include "vectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <limits>
#include <random>

using namespace portwire;

namespace {

Status readFloatOf(const std::string& hex, float* value) {
  const Content bytes = fromHex(hex);
  Reader reader(bytes.data(), bytes.size());
  const Status status = reader.readFloat(value);
  if (status == Status::kOk) CHECK(reader.atEnd());
  return status;
}

uint32_t bitsOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

std::string doubleHex(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  Content bytes = {0xCB};
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>((bits >> shift) & 0xFF));
  return toHex(bytes);
}

/// Reads `kind` from every proper prefix, and from the whole.
template <class Read> void checkPrefixes(const Content& bytes, Read read) {
  for (size_t count = 0; count < bytes.size(); ++count) {
    // A copy of exactly that size, so that the sanitizer sees a byte read behind it.
    const Content prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    Reader reader(prefix.data(), prefix.size());
    CHECK(read(reader) == Status::kTruncated);
  }
}

template <class T> Status readAs(const Content& bytes, T* value) {
  Reader reader(bytes.data(), bytes.size());
  return detail::Wire<T>::read(reader, value);
}

template <class T> void checkInteger(const ValueVector& row, const Content& bytes, long double exact) {
  T value = 77;
  const bool fits = exact >= static_cast<long double>(std::numeric_limits<T>::min()) &&
                    exact <= static_cast<long double>(std::numeric_limits<T>::max());
  const Status status = readAs(bytes, &value);
  CHECK(status == (fits ? Status::kOk : Status::kOutOfRange));
  if (!fits) CHECK(value == 77);
  if (!fits) return;
  CHECK(static_cast<long double>(value) == exact);
  uint8_t buffer[16];
  Writer writer(buffer, sizeof buffer);
  detail::Wire<T>::write(writer, value);
  if (row.shortest) CHECK(toHex(buffer, writer.bytes()) == row.hex);
  CHECK(writer.bytes() <= size_t(detail::Wire<T>::kBytes));
}

}  // namespace

TEST_CASE("D5: values are read and written as the shared vectors say, and read as Msgpax writes them") {
  REQUIRE(kValues[0].name != nullptr);
  REQUIRE(kMsgpaxValues[0].name != nullptr);
  std::vector<const ValueVector*> rows;
  for (const ValueVector* row = kValues; row->name; ++row) rows.push_back(row);
  for (const ValueVector* row = kMsgpaxValues; row->name; ++row) rows.push_back(row);
  for (const ValueVector* row : rows) {
    CAPTURE(row->name);
    const Content bytes = fromHex(row->hex);
    const std::string kind = row->kind;
    uint8_t buffer[300];
    Writer writer(buffer, sizeof buffer);
    if (kind == "nil") {
      Reader reader(bytes.data(), bytes.size());
      CHECK(reader.takeNil());
      CHECK(reader.atEnd());
      writer.writeNil();
    } else if (kind == "bool") {
      bool value = false;
      CHECK(readAs(bytes, &value) == Status::kOk);
      CHECK(value == (row->number[0] == '1'));
      writer.writeBool(value);
    } else if (kind == "int") {
      const long double exact = strtold(row->number, nullptr);
      checkInteger<uint8_t>(*row, bytes, exact);
      checkInteger<uint16_t>(*row, bytes, exact);
      checkInteger<uint32_t>(*row, bytes, exact);
      checkInteger<int8_t>(*row, bytes, exact);
      checkInteger<int16_t>(*row, bytes, exact);
      checkInteger<int32_t>(*row, bytes, exact);
      checkPrefixes(bytes, [](Reader& reader) {
        int32_t ignored;
        return reader.readSigned(&ignored, 0x7FFFFFFF);
      });
      continue;
    } else if (kind == "f32" || kind == "f64") {
      const double exact = strtod(row->number, nullptr);
      float value = 0;
      const float nearest = static_cast<float>(exact);
      const bool isBeyond = isinf(nearest) && !isinf(exact);
      CHECK(readFloatOf(row->hex, &value) == (isBeyond ? Status::kOutOfRange : Status::kOk));
      if (isnan(exact))
        CHECK(isnan(value));
      else if (isBeyond)
        CHECK(bitsOf(value) == 0);
      else if (kind == "f64" && fabsf(nearest) < std::numeric_limits<float>::min())
        CHECK(bitsOf(value) == bitsOf(copysignf(0, nearest)));
      else
        CHECK(bitsOf(value) == bitsOf(nearest));
      checkPrefixes(bytes, [](Reader& reader) {
        float ignored;
        return reader.readFloat(&ignored);
      });
      if (kind == "f64" || isnan(exact)) continue;
      writer.writeFloat(value);
    } else if (kind == "text") {
      Text<> value = {nullptr, 0};
      CHECK(readAs(bytes, &value) == Status::kOk);
      CHECK(toHex(reinterpret_cast<const uint8_t*>(value.data), value.bytes) == row->bytes);
      checkPrefixes(bytes, [](Reader& reader) {
        Text<> ignored;
        return detail::Wire<Text<>>::read(reader, &ignored);
      });
      detail::Wire<Text<>>::write(writer, value);
    } else if (kind == "bytes") {
      Bytes<> value = {nullptr, 0};
      CHECK(readAs(bytes, &value) == Status::kOk);
      CHECK(toHex(value.data, value.bytes) == row->bytes);
      checkPrefixes(bytes, [](Reader& reader) {
        Bytes<> ignored;
        return detail::Wire<Bytes<>>::read(reader, &ignored);
      });
      detail::Wire<Bytes<>>::write(writer, value);
    } else if (kind == "array") {
      uint16_t items = 0;
      Reader reader(bytes.data(), bytes.size());
      CHECK(reader.readArray(&items) == Status::kOk);
      CHECK(items == strtoul(row->number, nullptr, 10));
      continue;
    } else {
      REQUIRE(kind == "map");
      uint16_t items = 0;
      Reader reader(bytes.data(), bytes.size());
      CHECK(reader.readArray(&items) == Status::kWrongType);
      continue;
    }
    CHECK_FALSE(writer.overflowed());
    if (row->shortest) CHECK(toHex(buffer, writer.bytes()) == row->hex);
  }
}

TEST_CASE("D5: no reader takes what is cut, declares more than there is, or is an ext") {
  REQUIRE(kBadValues[0].name != nullptr);
  REQUIRE(kMsgpaxRefused[0].name != nullptr);
  std::vector<const BadVector*> rows;
  for (const BadVector* row = kBadValues; row->name; ++row) rows.push_back(row);
  for (const BadVector* row = kMsgpaxRefused; row->name; ++row) rows.push_back(row);
  for (const BadVector* row : rows) {
    CAPTURE(row->name);
    const std::string reason = row->reason;
    const Content bytes = fromHex(row->hex);
    uint8_t byte = 0;
    float number = 0;
    bool flag = false;
    Text<> text = {nullptr, 0};
    Bytes<> data = {nullptr, 0};
    const bool taken = readAs(bytes, &byte) == Status::kOk || readAs(bytes, &number) == Status::kOk ||
                       readAs(bytes, &flag) == Status::kOk || readAs(bytes, &data) == Status::kOk ||
                       readAs(bytes, &text) == Status::kOk;
    // What follows a value is for atEnd() to tell, and UTF-8 is not looked at.
    if (reason == "trailing_bytes" || reason == "bad_utf8") continue;
    CHECK_FALSE(taken);
  }
}

TEST_CASE("a byte after a value is left over") {
  const Content bytes = fromHex("01c0");
  Reader reader(bytes.data(), bytes.size());
  uint32_t value = 0;
  CHECK(reader.readUnsigned(&value, 255) == Status::kOk);
  CHECK_FALSE(reader.atEnd());
}

TEST_CASE("a double becomes the nearest float, ties to even") {
  std::mt19937_64 random(11);
  const double smallest = ldexp(1, -126);
  // Half way between the largest float and what would come after it.
  const double limit = ldexp(1 - ldexp(1, -25), 128);
  std::vector<double> values = {0.0, -0.0, 1.0, 0.1, smallest, smallest * (1 - ldexp(1, -40)), 1e300, -1e300, INFINITY, -INFINITY,
                                limit, limit * (1 - ldexp(1, -50)), -static_cast<double>(std::numeric_limits<float>::max())};
  for (int ulp = 1; ulp < 8; ++ulp)
    for (int off = -1; off <= 1; ++off) values.push_back(1 + ldexp(ulp, -24) + ldexp(off, -50));
  for (int i = 0; i < 200000; ++i) {
    uint64_t bits = random();
    // Half of them with an exponent that a float has.
    if (i % 2) bits = (bits & 0x800FFFFFFFFFFFFF) | ((900 + bits % 250) << 52);
    double value;
    memcpy(&value, &bits, sizeof value);
    values.push_back(value);
  }
  int wrong = 0;
  for (double value : values) {
    float got = 0;
    const std::string hex = doubleHex(value);
    const Content bytes = fromHex(hex);
    Reader reader(bytes.data(), bytes.size());
    const bool isBeyond = !isinf(value) && fabs(value) >= limit;
    if (reader.readFloat(&got) != (isBeyond ? Status::kOutOfRange : Status::kOk)) ++wrong;
    if (isnan(value)) {
      if (!isnan(got)) ++wrong;
    } else if (fabs(value) < smallest) {
      if (bitsOf(got) != bitsOf(copysignf(0, static_cast<float>(value)))) ++wrong;
    } else if (isinf(value) || fabs(value) < limit) {
      if (bitsOf(got) != bitsOf(static_cast<float>(value))) ++wrong;
    } else if (bitsOf(got) != 0) {
      ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a float is read from integers too") {
  float value = 0;
  CHECK(readFloatOf("07", &value) == Status::kOk);
  CHECK(value == 7.0f);
  CHECK(readFloatOf("d1ff7f", &value) == Status::kOk);
  CHECK(value == -129.0f);
  CHECK(readFloatOf("d280000000", &value) == Status::kOk);
  CHECK(value == -2147483648.0f);
  CHECK(readFloatOf("ceffffffff", &value) == Status::kOk);
  CHECK(value == 4294967296.0f);
  CHECK(readFloatOf("cf0000000000000007", &value) == Status::kOk);
  CHECK(value == 7.0f);
  CHECK(readFloatOf("d3fffffffffffffff9", &value) == Status::kOk);
  CHECK(value == -7.0f);
  CHECK(readFloatOf("cfffffffffffffffff", &value) == Status::kOk);
  CHECK(value == 18446744073709551616.0f);
  CHECK(readFloatOf("d38000000000000000", &value) == Status::kOk);
  CHECK(value == -9223372036854775808.0f);
  CHECK(readFloatOf("cf00000000000000", &value) == Status::kTruncated);
  CHECK(readFloatOf("c3", &value) == Status::kWrongType);
}

TEST_CASE("an integer of 64 bits becomes the nearest float, ties to even") {
  const unsigned seed = 19;
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  int wrong = 0;
  for (int round = 0; round < 200000; ++round) {
    // All lengths, and ties: a bit pattern of 25 bits with zeros, or a lone one far below, behind it.
    uint64_t bits = random() >> (random() % 64);
    if (round % 3 == 1) bits = (random() >> 39) << (random() % 40);
    if (round % 3 == 2) bits = ((random() >> 39) << 39) | 1;
    Content bytes = {round % 2 ? uint8_t(0xD3) : uint8_t(0xCF)};
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>((bits >> shift) & 0xFF));
    Reader reader(bytes.data(), bytes.size());
    float got = 0;
    if (reader.readFloat(&got) != Status::kOk || !reader.atEnd()) ++wrong;
    const float nearest = round % 2 ? static_cast<float>(static_cast<int64_t>(bits)) : static_cast<float>(bits);
    if (bitsOf(got) != bitsOf(nearest)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("the head of an array is read in all its forms, up to 65,535 items") {
  uint16_t items = 0;
  const auto head = [&items](const char* hex) {
    const Content bytes = fromHex(hex);
    Reader reader(bytes.data(), bytes.size());
    return reader.readArray(&items);
  };
  CHECK(head("9f") == Status::kOk);
  CHECK(items == 15);
  CHECK(head("dc0002") == Status::kOk);
  CHECK(items == 2);
  CHECK(head("dd0000ffff") == Status::kOk);
  CHECK(items == 0xFFFF);
  CHECK(head("dd00010000") == Status::kOutOfRange);
  CHECK(head("ddffffffff") == Status::kOutOfRange);
  for (const char* cut : {"dc", "dc00", "dd", "dd0000", "dd000000"}) CHECK(head(cut) == Status::kTruncated);
  CHECK(head("de0000") == Status::kWrongType);
}

TEST_CASE("a text or bytes of the maximum passes, one byte more is too large") {
  Text<4> text = {nullptr, 0};
  CHECK(readAs(fromHex("a461626364"), &text) == Status::kOk);
  CHECK(readAs(fromHex("a56162636465"), &text) == Status::kTooLarge);
  Bytes<2> bytes = {nullptr, 0};
  CHECK(readAs(fromHex("c4020102"), &bytes) == Status::kOk);
  CHECK(readAs(fromHex("c403010203"), &bytes) == Status::kTooLarge);
}

TEST_CASE("a text is cut between two characters, where it is made and where it is written") {
  const std::string degrees = "123\xC2\xB0";
  CHECK(text<5>(degrees.c_str()).bytes == 5);
  CHECK(text<4>(degrees.c_str()).bytes == 3);
  CHECK(text<3>(degrees.c_str()).bytes == 3);
  CHECK(text<4>("\xF0\x9F\x8C\xB1").bytes == 4);
  CHECK(text<3>("\xF0\x9F\x8C\xB1").bytes == 0);
  uint8_t buffer[8];
  Writer writer(buffer, sizeof buffer);
  const Text<4> tooLong = {degrees.data(), degrees.size()};
  detail::Wire<Text<4>>::write(writer, tooLong);
  CHECK(toHex(buffer, writer.bytes()) == "a3313233");
}

TEST_CASE("a writer writes nothing behind its buffer, and says so") {
  uint8_t buffer[6] = {0, 0, 0, 0, 0, 0xA5};
  Writer writer(buffer, 5);
  writer.writeFloat(1);
  CHECK_FALSE(writer.overflowed());
  CHECK(writer.room() == 0);
  writer.writeNil();
  CHECK(writer.overflowed());
  CHECK(writer.bytes() == 5);
  CHECK(buffer[5] == 0xA5);
}

TEST_CASE("random bytes never make a reader read behind them") {
  std::mt19937 random(3);
  for (int round = 0; round < 200000; ++round) {
    Content bytes(random() % 12);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() & 0xFF);
    Reader reader(bytes.data(), bytes.size());
    while (!reader.atEnd()) {
      int32_t number;
      float real;
      bool flag;
      uint16_t items;
      Text<> text;
      Bytes<> data;
      const bool moved = reader.readSigned(&number, 0x7FFFFFFF) == Status::kOk || reader.readFloat(&real) == Status::kOk ||
                         reader.readBool(&flag) == Status::kOk || reader.readArray(&items) == Status::kOk ||
                         detail::Wire<Text<>>::read(reader, &text) == Status::kOk ||
                         detail::Wire<Bytes<>>::read(reader, &data) == Status::kOk;
      if (!moved) break;
    }
  }
}
