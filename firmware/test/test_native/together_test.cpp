// Handlers that take all arguments of their action in one struct.
#include "bench.h"

namespace {

struct Percent {
  static uint8_t smallest() { return 5; }
  static uint8_t largest() { return 95; }
};
typedef Array<uint16_t, 3> Route;
struct MoveArguments {
  int32_t position;
  uint8_t percent;
  Text<8> note;
  Route route;
};
constexpr Action<9, int32_t(int32_t, InRange<uint8_t, Percent>, Text<8>, Route), Fields<int32_t>, MoveArguments> kMove = {};

struct RangedContract : Contract {
  static constexpr bool kHasRanges = true;
};

int moves;

int32_t sumOf(const MoveArguments& move) {
  int32_t sum = move.position + move.percent + static_cast<int32_t>(move.note.bytes);
  for (uint16_t place : move.route) sum += place;
  return sum;
}

template <class... Features> struct Crane {
  typedef Device<FakeLine<>, RangedContract, Features...> Port;
  Port port;
  Host<Port> host;
  Crane() : host(port) { moves = 0; }
};

// [-1000, 10, "abc", [1, 300]], and its sum, -686.
const std::string kGood = "94d1fc180aa36162639201cd012c";
const std::string kSum = "d1fd52";

}  // namespace

TEST_CASE_FIXTURE(Crane<>, "a struct holds the arguments in their order, each in its own type") {
  port.on(kMove, [](const MoveArguments& move) {
    CHECK(move.position == -1000);
    CHECK(move.percent == 10);
    CHECK(std::string(move.note.data, move.note.bytes) == "abc");
    CHECK(move.route.size() == 2);
    CHECK(move.route[1] == 300);
    return sumOf(move);
  });
  host.startSession();
  CHECK(host.send("0903" + kGood) == "ff03" + kSum);
}

TEST_CASE_FIXTURE(Crane<>, "a handler of a struct may fail, and an object of the user's goes in front of it") {
  port.on(kMove, [](int& calls, const MoveArguments& move) -> Result<int32_t> {
    ++calls;
    if (move.route.empty()) return Fail(17);
    return sumOf(move);
  }, moves);
  host.startSession();
  CHECK(host.send("0903" + kGood) == "ff03" + kSum);
  CHECK(host.send("0904" "94000aa090") == "fe049111");
  CHECK(moves == 2);
}

TEST_CASE_FIXTURE(Crane<>, "what does not fit names its position as it does for single arguments, and no handler runs") {
  Crane<> single;
  port.on(kMove, [](const MoveArguments& move) { return ++moves, sumOf(move); });
  single.port.on(kMove, [](int32_t, uint8_t, Text<8>, const Route&) { return ++moves, int32_t(0); });
  const std::string argument = toHex(Content{'a', 'r', 'g', 'u', 'm', 'e', 'n', 't', ' '});
  const std::string range = toHex(Content{' ', 'o', 'u', 't', ' ', 'o', 'f', ' ', 'r', 'a', 'n', 'g', 'e'});
  const struct {
    const char* value;
    std::string error;
  } bad[] = {
      {"94c30aa090", "9202aa" + argument + "31"},                            // the first is no number
      {"94ce800000000aa090", "9202b7" + argument + "31" + range},            // and here one that is too large
      {"940004a090", "9202b7" + argument + "32" + range},                    // one below the range of the second
      {"940060a090", "9202b7" + argument + "32" + range},                    // one above it
      {"94000a0090", "9202aa" + argument + "33"},                            // the third is no text
      {"94000aa931323334353637383990", "9204aa" + argument + "33"},          // it is too long
      {"94000aa09400000000", "9204aa" + argument + "34"},                    // the fourth has an item too many
      {"94000aa091c3", "9202aa" + argument + "34"},                          // or one of another type
      {"9404", "9202aa" + argument + "32"},                                  // cut off
      {"93000aa0", "9102"},                                                  // too few
      {"95000aa09000", "9102"},                                              // too many
      {"94000aa09000", "9102"},                                              // a byte behind the last
      {"", "9102"},
  };
  host.startSession();
  single.host.startSession();
  uint8_t token = 3;
  for (const auto& row : bad) {
    CAPTURE(row.value);
    const std::string t = toHex(&token, 1);
    CHECK(host.send("09" + t + row.value) == "fe" + t + row.error);
    CHECK(single.host.send("09" + t + row.value) == "fe" + t + row.error);
    ++token;
  }
  CHECK(moves == 0);
}

TEST_CASE_FIXTURE(Crane<>, "a cast runs a handler of a struct, and one that does not fit is dropped and counted") {
  port.on(kMove, [](const MoveArguments& move) { return ++moves, sumOf(move); });
  host.startSession();
  CHECK(host.send("0900" + kGood) == "");
  CHECK(moves == 1);
  CHECK(port.drops()[Drop::kMessage] == 0);
  CHECK(host.send("0900" "94000aa0c3") == "");
  CHECK(moves == 1);
  CHECK(port.drops()[Drop::kMessage] == 1);
}

namespace {
JobOf<decltype(kMove)> moving;
}  // namespace

TEST_CASE_FIXTURE(Crane<Jobs<1>>, "a job takes its arguments in one struct too, may refuse, and does not begin where they do not fit") {
  moving = JobOf<decltype(kMove)>();
  port.on(kMove, [](int& calls, JobOf<decltype(kMove)> job, const MoveArguments& move) -> Result<void> {
    ++calls;
    if (move.position == 0) return Fail(18);
    moving = job;
    return Result<void>();
  }, moves);
  host.startSession();
  CHECK(host.send("0903" "94000aa090") == "fe039112");
  CHECK(host.send("0904" "94000aa0c3").substr(0, 8) == "fe049202");
  CHECK(moves == 1);
  CHECK(!moving.running());
  CHECK(host.send("0905" + kGood) == "fb05");
  CHECK(moves == 2);
  CHECK(moving.next(7));
  CHECK(host.take() == "fd0093050091" "07");
  CHECK(moving.finish(-1));
  CHECK(host.poll() == "f9019405" "00" "ff" "01");
}

TEST_CASE_FIXTURE(Crane<Jobs<1>>, "the handler of a job needs no object of the user's, and no way to refuse") {
  port.on(kMove, [](JobOf<decltype(kMove)>, const MoveArguments&) -> Result<void> { return Fail(19); });
  host.startSession();
  CHECK(host.send("0903" + kGood) == "fe039113");
  port.on(kMove, [](int& calls, JobOf<decltype(kMove)>, const MoveArguments&) { ++calls; }, moves);
  CHECK(host.send("0904" + kGood) == "fb04");
  CHECK(moves == 1);
  host.resume();
  port.on(kMove, [](JobOf<decltype(kMove)> job, const MoveArguments& move) { CHECK(job.finish(sumOf(move))); });
  CHECK(host.send("0903" + kGood) == "fb03 f901940300" + kSum + "00");
}

TEST_CASE_FIXTURE(Crane<>, "the same action takes a handler of single arguments") {
  port.on(kMove, [](int32_t position, uint8_t percent, Text<8>, const Route& route) {
    return position + percent + static_cast<int32_t>(route.size());
  });
  host.startSession();
  CHECK(host.send("0903" + kGood) == "ff03" "d1fc24");
}
