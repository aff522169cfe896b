// A device that can be told how to end, to log, to block and to be silent: for the tests of a peer's life. Bare packets on
// standard input and output, or with --pty frames on a pseudo-terminal whose path it prints.
#include <portwire.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "life_contract.h"

using portwire::Severity;

namespace {

template <class Line> struct Life {
  typedef portwire::Device<Line, life::Contract, portwire::PlainEvents, portwire::AcknowledgedEvents<200, 5>, portwire::Log<>,
                           portwire::DeadMan, portwire::RemoteReset, portwire::EndOfInput, portwire::Describe>
      Port;
  static Port port;
  static bool leaving;
  static uint8_t status;
  static uint8_t safeStates;
  static uint32_t beats;

  static void quit(uint8_t with, uint8_t events) {
    for (uint8_t i = 0; i < events; ++i) portwire::ignore(port.emit(life::kLast, i));
    status = with;
    leaving = true;
  }
  static void shout(uint16_t lines) {
    char text[16];
    for (uint16_t i = 0; i < lines; ++i) {
      snprintf(text, sizeof text, "line %u", i);
      port.log(static_cast<Severity>(i % 8), text);
    }
  }
  static void endOfInput() {
    port.log(Severity::kNotice, "end of input");
    quit(5, 2);
  }
  static void safeState() { ++safeStates; }

  static int run() {
    port.on(life::kEcho, [](uint8_t number) { return number; });
    port.on(life::kQuit, quit);
    port.on(life::kShout, shout);
    port.on(life::kBlock, [](uint16_t ms) { poll(nullptr, 0, ms); });
    port.on(life::kGreet, [](portwire::Text<8>) {});
    port.on(life::kSafeStates, [] { return safeStates; });
    port.on(life::kBeats, [] { return beats; });
    port.onEndOfInput(endOfInput);
    port.deadMan(600, safeState);
    port.begin();
    bool told = false;
    for (;;) {
      if (port.emit(life::kBeat, beats)) ++beats;
      port.poll();
      if (leaving && !told) told = port.exit(status);
      if (told && port.keptEvents() == 0) {
        port.line().flush();
        return status;
      }
      port.line().wait(5);
      if (port.line().ended()) return 0;
    }
  }
};
template <class Line> typename Life<Line>::Port Life<Line>::port;
template <class Line> bool Life<Line>::leaving = false;
template <class Line> uint8_t Life<Line>::status = 0;
template <class Line> uint8_t Life<Line>::safeStates = 0;
template <class Line> uint32_t Life<Line>::beats = 0;

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  portwire::NativeBoard::keepArguments(argv);
  if (argc > 1 && strcmp(argv[1], "--pty") == 0) {
    auto& line = Life<portwire::TerminalLine>::port.line();
    const char* path = line.openTerminal();
    if (!path) return 1;
    if (!line.terminalKept()) puts(path);
    fflush(stdout);
    return Life<portwire::TerminalLine>::run();
  }
  Life<portwire::StdioLine>::port.line().open(0, 1);
  return Life<portwire::StdioLine>::run();
}
