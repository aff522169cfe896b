// Lines of a program: pipes and a pseudo-terminal of this process, and the board under them.
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <portwire/line_native.h>

#include "support.h"

using namespace portwire;

namespace {

/// Descriptors between two pipes, of which the test has the other ends.
struct Piped {
  Descriptors line;
  int toLine[2];
  int fromLine[2];

  Piped() {
    signal(SIGPIPE, SIG_IGN);
    REQUIRE(pipe(toLine) == 0);
    REQUIRE(pipe(fromLine) == 0);
    line.open(toLine[0], fromLine[1]);
  }
  ~Piped() {
    for (int fd : {toLine[0], toLine[1], fromLine[0], fromLine[1]})
      if (fd >= 0) close(fd);
  }
  void put(const char* text) { REQUIRE(write(toLine[1], text, strlen(text)) == static_cast<ssize_t>(strlen(text))); }
  std::string readAll() {
    std::string all;
    while (line.available()) all += static_cast<char>(line.read());
    return all;
  }
  std::string sent(size_t bytes) {
    std::string all(bytes, 0);
    all.resize(static_cast<size_t>(std::max<ssize_t>(0, read(fromLine[0], &all[0], bytes))));
    return all;
  }
  static void shut(int& fd) {
    close(fd);
    fd = -1;
  }
};

/// This process becomes one that runs the test case of this name.
void restart(const char* testCase) {
  static std::string filter;
  filter = std::string("--test-case=") + testCase;
  static char program[] = "tests";
  static char* arguments[] = {program, &filter[0], nullptr};
  NativeBoard::keepArguments(arguments);
  NativeBoard::restart();
}

/// Runs the test case of this name in a process of its own that was restarted once; its exit status.
int restarted(const char* testCase) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // Its report is not part of this one.
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    restart(testCase);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a program's line gives what its input holds, and sends what was written when it looks for more") {
  Piped piped;
  CHECK_FALSE(piped.line.available());
  piped.put("hello");
  CHECK(piped.readAll() == "hello");
  piped.line.write('o');
  piped.line.write('k');
  piped.line.commit();
  CHECK_FALSE(piped.line.available());
  CHECK(piped.sent(8) == "ok");
  CHECK_FALSE(piped.line.ended());
}

TEST_CASE("a program's line sends a full buffer at once, and the rest with the next look") {
  Piped piped;
  for (int i = 0; i < 5000; ++i) piped.line.write(static_cast<uint8_t>('a' + i % 26));
  CHECK(piped.sent(5000).size() == 4096);
  piped.line.flush();
  CHECK(piped.sent(5000).size() == 5000 - 4096);
}

TEST_CASE("a program's line ends when its input is closed and all of it was read") {
  Piped piped;
  piped.put("x");
  Piped::shut(piped.toLine[1]);
  CHECK(piped.line.available());
  CHECK_FALSE(piped.line.inputEnded());
  CHECK(piped.line.read() == 'x');
  CHECK_FALSE(piped.line.available());
  CHECK(piped.line.inputEnded());
  CHECK(piped.line.ended());
}

TEST_CASE("a program's line ends when nobody takes its output") {
  Piped piped;
  Piped::shut(piped.fromLine[0]);
  piped.line.write('x');
  piped.line.flush();
  CHECK(piped.line.ended());
  CHECK_FALSE(piped.line.inputEnded());
  piped.line.write('y');
  piped.line.flush();
}

TEST_CASE("a program's line waits for input, for another descriptor, or for its time, and not at all while it holds input") {
  Piped piped;
  piped.line.wait(1);
  int other[2];
  REQUIRE(pipe(other) == 0);
  REQUIRE(write(other[1], "!", 1) == 1);
  piped.line.wait(60000, other[0]);
  piped.put("ab");
  piped.line.wait(60000);
  CHECK(piped.line.available());
  CHECK(piped.line.read() == 'a');
  piped.line.wait(60000);
  CHECK(piped.line.read() == 'b');
  close(other[0]);
  close(other[1]);
}

TEST_CASE("a program's line forgets what has come when it is told to") {
  Piped piped;
  piped.put("old");
  piped.line.discard();
  piped.put("new");
  CHECK(piped.readAll() == "new");
}

TEST_CASE("a terminal of a program's own carries every byte as it is, and drops what nobody reads") {
  Descriptors board;
  const char* const path = board.openTerminal();
  REQUIRE(path != nullptr);
  CHECK_FALSE(board.terminalKept());
  const int host = open(path, O_RDWR | O_NOCTTY);
  REQUIRE(host >= 0);
  const uint8_t sent[] = {0x00, 0x0D, 0x0A, 0x03, 0x11, 0x13, 0xFF};
  REQUIRE(write(host, sent, sizeof sent) == static_cast<ssize_t>(sizeof sent));
  Content got;
  board.wait(1000);
  while (board.available()) got.push_back(board.read());
  CHECK(toHex(got) == toHex(sent, sizeof sent));
  // More than a terminal holds: the rest is given up, and the line goes on.
  for (int i = 0; i < 100000; ++i) board.write('x');
  board.flush();
  CHECK_FALSE(board.ended());
  uint8_t taken[64];
  CHECK(read(host, taken, sizeof taken) > 0);
  close(host);
  CHECK_FALSE(board.available());
  CHECK_FALSE(board.ended());
}

TEST_CASE("two terminals of a program are two, and after a restart each is the same again") {
  Descriptors first, second;
  const char* const paths[] = {first.openTerminal(), second.openTerminal()};
  REQUIRE(paths[0] != nullptr);
  REQUIRE(paths[1] != nullptr);
  CHECK(std::string(paths[0]) != paths[1]);
  const std::string both = std::string(paths[0]) + paths[1];
  const char* const before = getenv("TEST_TERMINALS");
  CHECK(first.terminalKept() == (before != nullptr));
  CHECK(second.terminalKept() == (before != nullptr));
  if (before) {
    CHECK(both == before);
  } else if (getenv("PORTWIRE_RESTARTED")) {
    setenv("TEST_TERMINALS", both.c_str(), 1);
    restart("two terminals of a program*");
  }
}

TEST_CASE("a program finds its terminals again when it has restarted") { CHECK(restarted("two terminals of a program*") == 0); }

TEST_CASE("a program that another one has spawned opens a terminal of its own") {
  Descriptors parent;
  REQUIRE(parent.openTerminal() != nullptr);
  CHECK(restarted("a terminal of a program's own carries*") == 0);
}

TEST_CASE("a program's board has a new epoch each boot, a clock that starts at zero, and knows whether it was restarted") {
  CHECK(NativeBoard::nextEpoch() != NativeBoard::nextEpoch());
  const uint32_t first = NativeBoard::nowMs();
  CHECK(NativeBoard::nowMs() - first < 60000);
  CHECK(NativeBoard::resetCause() == (getenv("PORTWIRE_RESTARTED") ? ResetCause::kSoftware : ResetCause::kPowerOn));
}

TEST_CASE("a program's board restarts as the same program, which knows that it was asked to") {
  CHECK(restarted("a program's board has a new epoch*") == 0);
}

TEST_CASE("a device speaks packets over a program's line") {
  typedef Device<StdioLine, ContractBase> Program;
  static Program device;
  int toDevice[2], toHost[2];
  REQUIRE(pipe(toDevice) == 0);
  REQUIRE(pipe(toHost) == 0);
  device.line().open(toDevice[0], toHost[1]);
  device.begin();
  device.line().flush();
  uint8_t head[5];
  REQUIRE(read(toHost[0], head, sizeof head) == 5);
  CHECK(head[2] == action::kHello);
  CHECK(((head[0] << 8) | head[1]) > 15);
  for (int fd : {toDevice[0], toDevice[1], toHost[0], toHost[1]}) close(fd);
}
