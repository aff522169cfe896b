// What the greenhouse needs of a board. board_arduino.cpp, board_native.cpp and board_lm3s6965.cpp implement it.
#ifndef BOARD_H
#define BOARD_H

#include <portwire.h>

// The type board::Line; board::start(port), which opens the line and begins; and board::idle(port), the end of a pass of loop():
// the next may wait a few milliseconds, but not longer than until the next byte.
#if defined(ARDUINO)
#include "board_arduino.h"
#elif defined(BOARD_LM3S6965)
#include "board_lm3s6965.h"
#else
#include "board_native.h"
#endif

namespace board {

/// All outputs off.
void begin();
uint32_t nowMs();
/// Blocks for `ms`. Nothing is read from the line meanwhile.
void wait(uint16_t ms);

struct Climate {
  float celsius;
  float humidity;  ///< Percent, relative.
};
Climate readProbes();

void setVent(float open);  ///< 0 is shut, 1 is wide open.
void setLamp(bool on);
void setLed(bool on);
void setAlarmLed(bool on);
/// The program has ended and the host knows it: a process leaves with this status, a board goes on.
void leave(uint8_t status);

}  // namespace board

#endif
