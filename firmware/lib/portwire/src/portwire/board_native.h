// The board of a program on Linux: a new process is a boot.
#ifndef PORTWIRE_BOARD_NATIVE_H
#define PORTWIRE_BOARD_NATIVE_H

#include "protocol.h"

namespace portwire {

/// A process as a Board.
struct NativeBoard {
  /// Since the first call, which Device::begin makes.
  static uint32_t nowMs();
  /// 32 random bits of the kernel.
  static uint32_t nextEpoch();
  /// kPowerOn, or kSoftware after restart().
  static ResetCause resetCause();
  /// Executes the program again with the same arguments. keepArguments() must have been called.
  static void restart();
  /// Keeps what main() was given, for restart().
  static void keepArguments(char** argv);
};

}  // namespace portwire

#endif
