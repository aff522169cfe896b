#if defined(__linux__) && !defined(ARDUINO)

#include "board_native.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

namespace portwire {
namespace {

constexpr const char* kRestartVariable = "PORTWIRE_RESTARTED";
char** programArguments = nullptr;

uint64_t monotonicMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000u + static_cast<uint64_t>(now.tv_nsec) / 1000000u;
}

}  // namespace

uint32_t NativeBoard::nowMs() {
  static const uint64_t startMs = monotonicMs();
  return static_cast<uint32_t>(monotonicMs() - startMs);
}

uint32_t NativeBoard::nextEpoch() {
  uint32_t epoch = 0;
  if (getrandom(&epoch, sizeof epoch, 0) != static_cast<ssize_t>(sizeof epoch)) {
    perror("portwire: no random number for the epoch");
    abort();
  }
  return epoch;
}

ResetCause NativeBoard::resetCause() { return getenv(kRestartVariable) ? ResetCause::kSoftware : ResetCause::kPowerOn; }

void NativeBoard::keepArguments(char** argv) { programArguments = argv; }

void NativeBoard::restart() {
  setenv(kRestartVariable, "1", 1);
  execv("/proc/self/exe", programArguments);
  perror("portwire: restart");
  _exit(127);
}

}  // namespace portwire

#endif
