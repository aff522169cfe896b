// Values at their exact limits, one below and one above, in each place where a contract has them: argument, result, event.
#include <cmath>
#include <limits>

#include "support.h"

using namespace portwire;

namespace {

struct Contract : ContractBase {
  static constexpr uint8_t kActions = 4;
  static constexpr uint8_t kIndexes = 12;
  static constexpr uint8_t kMaxArguments = 99;
};

typedef Array<uint8_t, 4> Four;
constexpr Action<0, uint8_t(Text<4>, Bytes<4>, Four)> kTake = {};
constexpr Action<1, Text<4>(uint8_t)> kTell = {};
constexpr Action<2, Bytes<4>(uint8_t)> kFill = {};
constexpr Action<3, Four(uint8_t)> kList = {};
constexpr Event<10, Text<4>, Bytes<4>, Four> kPlain = {};
constexpr AcknowledgedEvent<11, Text<4>, Bytes<4>, Four> kKept = {};

// The longest form of both events is 1 + 5 + 6 + 9 bytes.
typedef Device<FakeLine<Frames, 255>, Contract, PlainEvents, AcknowledgedEvents<2, 21>> Port;

const uint8_t kItems[] = {1, 2, 3, 4, 5};

std::string of(size_t count, const char* hex) {
  std::string all;
  while (count-- != 0) all += hex;
  return all;
}
std::string big(size_t value, size_t bytes) {
  Content content;
  while (bytes-- != 0) content.push_back(static_cast<uint8_t>((value >> (8 * bytes)) & 0xFF));
  return toHex(content);
}

Four listOf(uint8_t count) {
  Four list;
  for (uint8_t i = 0; i < count; ++i)
    if (!list.push(static_cast<uint8_t>(200 + i))) break;
  return list;
}

template <class T> std::string written(const T& value) {
  uint8_t buffer[16];
  Writer writer(buffer, sizeof buffer);
  detail::Wire<T>::write(writer, value);
  REQUIRE(!writer.overflowed());
  return toHex(buffer, writer.bytes());
}
template <class Type, class T> Status readAs(const std::string& hex, T* value) {
  const Content bytes = fromHex(hex);
  Reader reader(bytes.data(), bytes.size());
  return detail::Wire<Type>::read(reader, value);
}

/// The four values around the ends of T come back as they were; what `beyond` writes does not fit.
template <class T> void checkType(const std::string& tooSmall, const std::string& tooLarge) {
  const T smallest = std::numeric_limits<T>::min();
  const T largest = std::numeric_limits<T>::max();
  for (T value : {smallest, static_cast<T>(smallest + 1), static_cast<T>(largest - 1), largest}) {
    T back = 7;
    CAPTURE(value);
    CHECK(readAs<T>(written(value), &back) == Status::kOk);
    CHECK(back == value);
  }
  T kept = 7;
  CHECK(readAs<T>(tooSmall, &kept) == Status::kOutOfRange);
  CHECK(readAs<T>(tooLarge, &kept) == Status::kOutOfRange);
  CHECK(kept == 7);
}

template <class T, T kSmallest, T kLargest> struct Ends {
  static T smallest() { return kSmallest; }
  static T largest() { return kLargest; }
};
/// One below, at, and one above each end.
template <class T, T kSmallest, T kLargest> void checkRange() {
  const struct {
    T value;
    bool inside;
  } rows[] = {{static_cast<T>(kSmallest - 1), false}, {kSmallest, true}, {static_cast<T>(kSmallest + 1), true},
              {static_cast<T>(kLargest - 1), true},   {kLargest, true},  {static_cast<T>(kLargest + 1), false}};
  for (const auto& row : rows) {
    CAPTURE(row.value);
    T value = 0;
    CHECK(readAs<InRange<T, Ends<T, kSmallest, kLargest>>>(written(row.value), &value) == (row.inside ? Status::kOk : Status::kOutOfRange));
  }
}
struct FloatEnds {
  static float smallest() { return -0.5f; }
  static float largest() { return 1.5f; }
};
struct DoubleEnds {
  static Words smallest() { return Words{0xBFE00000, 0}; }  // -0.5
  static Words largest() { return Words{0x3FF80000, 0}; }   // 1.5
};
template <class T, class Limits> void checkRealRange() {
  const T smallest = static_cast<T>(-0.5);
  const T largest = static_cast<T>(1.5);
  const struct {
    T value;
    bool inside;
  } rows[] = {{std::nextafter(smallest, T(-9)), false}, {smallest, true}, {std::nextafter(smallest, T(9)), true},
              {std::nextafter(largest, T(-9)), true},   {largest, true},  {std::nextafter(largest, T(9)), false}};
  for (const auto& row : rows) {
    CAPTURE(row.value);
    T value = 0;
    CHECK(readAs<InRange<T, Limits>>(written(row.value), &value) == (row.inside ? Status::kOk : Status::kOutOfRange));
  }
}

/// An action and an event with so many booleans.
template <size_t kCount, class... T> struct Booleans : Booleans<kCount - 1, bool, T...> {};
template <class... T> struct Booleans<0, T...> {
  typedef Action<0, uint8_t(T...)> ActionType;
  typedef Event<10, T...> EventType;
  static uint8_t countTrue(T... values) {
    uint8_t count = 0;
    for (bool value : {values...}) count = static_cast<uint8_t>(count + value);
    return count;
  }
  template <class P> static bool emitTrue(P& port) { return port.emit(EventType(), (sizeof(T) != 0)...); }
};

template <class List> void fill(List& array, size_t places) {
  for (size_t i = 0; i + 1 < places; ++i) REQUIRE(array.push(static_cast<uint8_t>(i)));
  CHECK_FALSE(array.full());
  CHECK(array.push(77));
  CHECK(array.full());
  CHECK_FALSE(array.push(78));
  CHECK(array.size() == places);
  CHECK(array[places - 1] == 77);
  CHECK(array[places] == 0);
  CHECK_FALSE(array.set(places, 1));
}

struct Fixture {
  Port port;
  Host<Port> host;
  Fixture() : host(port) {
    port.on(kTake, [](Text<4> text, Bytes<4> bytes, const Four& list) {
      return static_cast<uint8_t>(text.bytes + 10 * bytes.bytes + 40 * (list.size() - 3));
    });
    port.on(kTell, [](uint8_t bytes) { return Text<4>{"abcde", bytes}; });
    port.on(kFill, [](uint8_t bytes) { return Bytes<4>{kItems, bytes}; });
    port.on(kList, listOf);
    host.startSession();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a text, bytes and an array as arguments: one less than the maximum, the maximum, one more is ERROR 4") {
  CHECK(host.send("000393a3616263c40301020393010203") == "ff0321");
  CHECK(host.send("000493a461626364c404010203049401020304") == "ff0454");
  const std::string named = "9204aa617267756d656e7420";
  CHECK(host.send("000593a56162636465c404010203049401020304") == "fe05" + named + "31");
  CHECK(host.send("000693a461626364c40501020304059401020304") == "fe06" + named + "32");
  CHECK(host.send("000793a461626364c40401020304950102030405") == "fe07" + named + "33");
}

TEST_CASE_FIXTURE(Fixture, "a text, bytes and an array as results: one less than the maximum, the maximum, and no more than that") {
  CHECK(host.send("01039103") == "ff03a3616263");
  CHECK(host.send("01049104") == "ff04a461626364");
  CHECK(host.send("01059105") == "ff05a461626364");
  CHECK(host.send("02069103") == "ff06c403010203");
  CHECK(host.send("02079104") == "ff07c40401020304");
  CHECK(host.send("02089105") == "ff08c40401020304");
  CHECK(host.send("03099103") == "ff0993ccc8ccc9ccca");
  CHECK(host.send("030a9104") == "ff0a94ccc8ccc9cccacccb");
  CHECK(host.send("030b9105") == "ff0b94ccc8ccc9cccacccb");
}

TEST_CASE_FIXTURE(Fixture, "a text, bytes and an array as fields of events: one less than the maximum, the maximum, and no more than that") {
  CHECK(host.send("f303920ac3") == "ff0300");
  const char* const values[] = {"93a3616263c40301020393ccc8ccc9ccca", "93a461626364c4040102030494ccc8ccc9cccacccb",
                                "93a461626364c4040102030494ccc8ccc9cccacccb"};
  for (uint8_t i = 0; i < 3; ++i) {
    const uint8_t bytes = static_cast<uint8_t>(3 + i);
    const uint8_t token = static_cast<uint8_t>(1 + i);
    const Text<4> text = {"abcde", bytes};
    const Bytes<4> data = {kItems, bytes};
    CHECK(port.emit(kPlain, text, data, listOf(bytes)));
    CHECK(host.take() == std::string("0a00") + values[i]);
    CHECK(port.emit(kKept, text, data, listOf(bytes)));
    CHECK(host.poll() == "0b" + toHex(&token, 1) + values[i]);
    CHECK(host.send("fb" + toHex(&token, 1)) == "");
  }
}

TEST_CASE("texts and bytes are read on both sides of each short form, 31, 255 and 65,535, and one more than that is too large") {
  for (size_t bytes : {0u, 30u, 31u, 32u, 254u, 255u, 256u, 65534u, 65535u, 65536u}) {
    CAPTURE(bytes);
    const std::string body = of(bytes, "61");
    const Status expected = bytes <= 65535 ? Status::kOk : Status::kTooLarge;
    std::vector<std::string> heads;
    if (bytes < 32) heads.push_back(big(0xA0 | bytes, 1));
    if (bytes < 256) heads.push_back("d9" + big(bytes, 1));
    if (bytes < 65536) heads.push_back("da" + big(bytes, 2));
    heads.push_back("db" + big(bytes, 4));
    for (const std::string& head : heads) {
      CAPTURE(head);
      const Content whole = fromHex(head + body);
      Reader reader(whole.data(), whole.size());
      Text<> text = {nullptr, 0};
      CHECK(detail::Wire<Text<>>::read(reader, &text) == expected);
      CHECK(reader.atEnd());
      CHECK(text.bytes == bytes);
      if (bytes != 0) CHECK(readAs<Text<>>(head + body.substr(2), &text) == Status::kTruncated);
    }
    heads.clear();
    if (bytes < 256) heads.push_back("c4" + big(bytes, 1));
    if (bytes < 65536) heads.push_back("c5" + big(bytes, 2));
    heads.push_back("c6" + big(bytes, 4));
    for (const std::string& head : heads) {
      CAPTURE(head);
      Bytes<> data = {nullptr, 0};
      CHECK(readAs<Bytes<>>(head + body, &data) == expected);
      if (bytes != 0) CHECK(readAs<Bytes<>>(head + body.substr(2), &data) == Status::kTruncated);
    }
  }
}

TEST_CASE("the longest form of a text or bytes has the head of its maximum, and from 65,535 bytes on it is unbounded") {
  CHECK(size_t(detail::Wire<Text<31>>::kBytes) == 32);
  CHECK(size_t(detail::Wire<Text<32>>::kBytes) == 34);
  CHECK(size_t(detail::Wire<Text<255>>::kBytes) == 257);
  CHECK(size_t(detail::Wire<Text<256>>::kBytes) == 259);
  CHECK(size_t(detail::Wire<Bytes<255>>::kBytes) == 257);
  CHECK(size_t(detail::Wire<Bytes<256>>::kBytes) == 259);
  CHECK(size_t(detail::Wire<Text<65531>>::kBytes) == 65534);
  CHECK(size_t(detail::Wire<Bytes<65531>>::kBytes) == 65534);
  const size_t longer[] = {detail::Wire<Text<65532>>::kBytes,  detail::Wire<Text<65533>>::kBytes,  detail::Wire<Text<65534>>::kBytes,
                           detail::Wire<Text<>>::kBytes,       detail::Wire<Bytes<65532>>::kBytes, detail::Wire<Bytes<65533>>::kBytes,
                           detail::Wire<Bytes<65534>>::kBytes, detail::Wire<Bytes<>>::kBytes};
  for (size_t bytes : longer) CHECK(bytes == size_t(kUnbounded));
}

TEST_CASE("an array of 255, 256 or 65,535 places takes one item less, all of them, and no more") {
  CHECK(sizeof(Array<uint8_t, 255>) == 256);
  CHECK(sizeof(Array<uint8_t, 256>) == 258);
  static Array<uint8_t, 255> small;
  static Array<uint8_t, 256> wide;
  static Array<uint8_t, 65535> widest;
  fill(small, 255);
  fill(wide, 256);
  fill(widest, 65535);
}

TEST_CASE("integers of 8 to 64 bits pass at both ends of their type and one inside; one outside is out of range") {
  checkType<uint8_t>("ff", "cd0100");
  checkType<int8_t>("d1ff7f", "cc80");
  checkType<uint16_t>("ff", "ce00010000");
  checkType<int16_t>("d2ffff7fff", "cd8000");
  checkType<uint32_t>("ff", "cf0000000100000000");
  checkType<int32_t>("d3ffffffff7fffffff", "ce80000000");
  checkType<uint64_t>("ff", "d3ffffffffffffffff");  // there is no integer above 2^64 - 1, nor below -2^63
  checkType<int64_t>("cf8000000000000000", "cfffffffffffffffff");
}

TEST_CASE("a range ends exactly: one below, at and one above its smallest and its largest, of every type of number") {
  checkRange<uint8_t, 10, 20>();
  checkRange<int8_t, -20, 20>();
  checkRange<uint16_t, 255, 256>();
  checkRange<int16_t, -300, -200>();
  checkRange<uint32_t, 65535, 65536>();
  checkRange<int32_t, -70000, 70000>();
  checkRange<uint64_t, 0xFFFFFFFF, 0x100000000>();
  checkRange<int64_t, -0x100000000LL, 0x100000000LL>();
  checkRealRange<float, FloatEnds>();
  checkRealRange<double, DoubleEnds>();
}

TEST_CASE("an action takes 99 arguments, the 99th is named, and 98 or 100 values are ERROR 2") {
  typedef Booleans<99> Most;
  Port port;
  Host<Port> host(port);
  port.on(Most::ActionType(), Most::countTrue);
  host.startSession();
  CHECK(host.send("0003dc0063" + of(99, "c3")) == "ff0363");
  CHECK(host.send("0004dc0063" + of(98, "c3") + "07") == "fe049202ab617267756d656e74203939");
  CHECK(host.send("0005dc0063" + of(97, "c3") + "07c3") == "fe059202ab617267756d656e74203938");
  CHECK(host.send("0006dc0062" + of(98, "c3")) == "fe069102");
  CHECK(host.send("0007dc0064" + of(100, "c3")) == "fe079102");
}

TEST_CASE_FIXTURE(Fixture, "an event has 98 or 99 fields") {
  CHECK(host.send("f303920ac3") == "ff0300");
  CHECK(Booleans<98>::emitTrue(port));
  CHECK(host.take() == "0a00dc0062" + of(98, "c3"));
  CHECK(Booleans<99>::emitTrue(port));
  CHECK(host.take() == "0a00dc0063" + of(99, "c3"));
}
