// The device of the checker as a program: frames on standard input and output, and on descriptor 3, one line each, what it did.
// Usage: checker EVENTS REQUESTS EVERY_MS: so many alarms and requests in all, one of each every so many ms once a host is there.
#include <portwire.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

namespace {

constexpr size_t kMaxContentBytes = 64;
/// As long as a board's messages: the host waits for the longest answer before it repeats a call.
typedef portwire::DescriptorLine<portwire::Frames, kMaxContentBytes> CheckerLine;

constexpr int kWitness = 3;
constexpr uint16_t kRequestDeadlineMs = 5000;

/// In one write, so that a line is whole even when the program is killed.
void tell(const char* what, uint32_t number, uint32_t value = 0) {
  char line[64];
  const int bytes = snprintf(line, sizeof line, "%s %lu %lu\n", what, static_cast<unsigned long>(number), static_cast<unsigned long>(value));
  if (write(kWitness, line, static_cast<size_t>(bytes)) != bytes) exit(1);
}

uint32_t hostNowMs() { return portwire::NativeBoard::nowMs(); }
void hostRan(uint32_t id) { tell("ran", id); }
void hostNoted(uint32_t id) { tell("ran", id); }
void hostCounted(uint32_t id) { tell("ran", id); }
void hostAnswered(uint32_t outcome, uint32_t value) { tell("answered", outcome, value); }

}  // namespace

#include "checker_application.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    fputs("usage: checker EVENTS REQUESTS EVERY_MS\n", stderr);
    return 2;
  }
  const uint32_t events = static_cast<uint32_t>(strtoul(argv[1], nullptr, 10));
  const uint32_t requests = static_cast<uint32_t>(strtoul(argv[2], nullptr, 10));
  const uint32_t everyMs = static_cast<uint32_t>(strtoul(argv[3], nullptr, 10));
  signal(SIGPIPE, SIG_IGN);
  portwire::NativeBoard::keepArguments(argv);
  port.line().open(STDIN_FILENO, STDOUT_FILENO);
  beginChecker();
  uint32_t emitted = 0;
  uint32_t asked = 0;
  uint32_t saidAtMs = hostNowMs();
  while (!port.line().ended()) {
    pollChecker();
    if (port.inSession() && hostNowMs() - saidAtMs >= everyMs) {
      saidAtMs = hostNowMs();
      // Numbered by what was taken: what found the queue full is counted, and tried no more.
      if (emitted < events) tell(emitAlarm(emitted) ? "kept" : "dropped", emitted), ++emitted;
      if (asked < requests && askHost(asked, kRequestDeadlineMs)) tell("asked", asked), ++asked;
    }
    port.line().wait(1);
  }
  return 0;
}
