// From reset to setup() and loop(): vectors, RAM, clock. There is no C library start-up on this board.
#if defined(BOARD_LM3S6965)

#include "registers_lm3s6965.h"

void setup();
void loop();

extern "C" {

// Of lm3s6965.ld.
extern uint32_t stackTop[];
extern uint32_t dataImage[];
extern uint32_t dataBegin[];
extern uint32_t dataEnd[];
extern uint32_t bssBegin[];
extern uint32_t bssEnd[];
typedef void (*Initializer)();
extern const Initializer initBegin[];
extern const Initializer initEnd[];

void tickHandler();   // board_lm3s6965.cpp
void uart0Handler();  // board_lm3s6965.cpp

/// A fault, or an interrupt that nobody asked for: a board without a watchdog comes back by a reset.
void unexpectedHandler() { lm3s6965::reset(); }

void resetHandler() {
  const uint32_t* from = dataImage;
  for (uint32_t* to = dataBegin; to != dataEnd;) *to++ = *from++;
  for (uint32_t* to = bssBegin; to != bssEnd;) *to++ = 0;
  lm3s6965::startClock();
  for (const Initializer* initialize = initBegin; initialize != initEnd; ++initialize) (*initialize)();
  setup();
  for (;;) loop();
}

}  // extern "C"

namespace {

/// ARMv7-M Architecture Reference Manual, B1.5.2 and B1.5.3: the initial stack, 15 exceptions, then the chip's interrupts, of which
/// UART0's is number 5 (data sheet, table 2-9). No later one is ever enabled.
struct Vectors {
  uint32_t* stack;
  Initializer reset;
  Initializer exceptions[13];
  Initializer sysTick;
  Initializer interrupts[6];
};

constexpr Initializer kNone = unexpectedHandler;

__attribute__((section(".vectors"), used)) const Vectors vectors = {
    stackTop,
    resetHandler,
    {kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone},
    tickHandler,
    {kNone, kNone, kNone, kNone, kNone, uart0Handler},
};

}  // namespace

#endif
