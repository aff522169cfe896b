// The greenhouse as a program: the climate is simulated, and the line is standard input and output or a pseudo-terminal.
#if defined(__linux__) && !defined(ARDUINO)

#include "board.h"
#include "simulated_climate.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void setup();
void loop();

namespace board {

bool ChosenFraming::frames = false;

namespace {

constexpr int kIdleMs = 10;

struct Options {
  bool terminal = false;
  bool frames = false;
  bool exitOnStdinEof = false;
  uint32_t bootMs = 0;
};

Options options;
portwire::Descriptors* theLine = nullptr;

SimulatedClimate climate;

bool stdinEnded() {
  pollfd waiting = {STDIN_FILENO, POLLIN, 0};
  if (poll(&waiting, 1, 0) <= 0) return false;
  char ignored[256];
  return read(STDIN_FILENO, ignored, sizeof ignored) == 0;
}

[[noreturn]] void usage(FILE* to, int status) {
  fputs(
      "usage: greenhouse [options]\n"
      "The greenhouse firmware as a program. Without options it speaks bare packets on standard input and output.\n"
      "  --frames              frames instead of bare packets\n"
      "  --pty                 opens a pseudo-terminal, prints its path, and speaks frames there\n"
      "  --exit-on-stdin-eof   with --pty: ends when standard input does\n"
      "  --boot-ms N           says nothing for N ms after each boot, and loses what comes meanwhile, as a bootloader does\n"
      "  -h, --help            prints this\n"
      "Status: 0 the input has ended, or the host has taken leave; 1 the input was cut inside a message, or announced a packet\n"
      "that is too long; 2 an option is wrong.\n",
      to);
  exit(status);
}

void parse(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const char* option = argv[i];
    if (strcmp(option, "--frames") == 0) {
      options.frames = true;
    } else if (strcmp(option, "--pty") == 0) {
      options.terminal = options.frames = true;
    } else if (strcmp(option, "--exit-on-stdin-eof") == 0) {
      options.exitOnStdinEof = true;
    } else if (strcmp(option, "--boot-ms") == 0 && i + 1 < argc) {
      char* end = nullptr;
      const unsigned long ms = strtoul(argv[++i], &end, 10);
      if (*argv[i] == 0 || *end != 0 || ms > 60000) {
        fprintf(stderr, "greenhouse: --boot-ms takes 0 to 60000, not \"%s\"\n", argv[i]);
        exit(2);
      }
      options.bootMs = static_cast<uint32_t>(ms);
    } else if (strcmp(option, "-h") == 0 || strcmp(option, "--help") == 0) {
      usage(stdout, 0);
    } else {
      fprintf(stderr, "greenhouse: unknown option \"%s\"\n", option);
      usage(stderr, 2);
    }
  }
}

}  // namespace

void openLine(portwire::Descriptors& line) {
  theLine = &line;
  ChosenFraming::frames = options.frames;
  if (options.terminal) {
    const char* path = line.openTerminal();
    if (!path) {
      perror("greenhouse: no pseudo-terminal");
      exit(1);
    }
    if (!line.terminalKept()) {
      puts(path);
      fflush(stdout);
    }
  } else {
    line.open(STDIN_FILENO, STDOUT_FILENO);
  }
  if (options.bootMs != 0) {
    wait(static_cast<uint16_t>(options.bootMs));
    line.discard();
  }
}

void begin() {}

Input waitForInput() {
  const bool watchStdin = options.terminal && options.exitOnStdinEof;
  theLine->wait(kIdleMs, watchStdin ? STDIN_FILENO : -1);
  if (watchStdin && stdinEnded()) leaveAtEnd();
  return theLine->inputEnded() ? Input::kEnded : theLine->ended() ? Input::kUnheard : Input::kGoesOn;
}

void fail(const char* problem) {
  fprintf(stderr, "greenhouse: %s\n", problem);
  exit(1);
}

void leaveAtEnd() { exit(0); }

uint32_t nowMs() { return portwire::NativeBoard::nowMs(); }

/// Ends early when standard input is closed, for the program is to leave then.
void wait(uint16_t ms) {
  const uint32_t startMs = nowMs();
  const bool onStdin = !options.terminal || options.exitOnStdinEof;
  for (uint32_t goneMs = 0; goneMs < ms; goneMs = nowMs() - startMs) {
    pollfd waiting = {onStdin ? STDIN_FILENO : -1, POLLRDHUP, 0};
    if (poll(&waiting, 1, static_cast<int>(ms - goneMs)) > 0) return;
  }
}

Climate readProbes() { return climate.at(nowMs()); }

void setVent(float open) { climate.setVent(open); }
void setLamp(bool on) { climate.setLamp(on); }
void setLed(bool) {}
void setAlarmLed(bool) {}
void leave(uint8_t status) { exit(status); }

}  // namespace board

int main(int argc, char** argv) {
  board::parse(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  portwire::NativeBoard::keepArguments(argv);
  setup();
  for (;;) loop();
}

#endif
