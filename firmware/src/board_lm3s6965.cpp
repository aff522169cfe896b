// The greenhouse on a bare Cortex-M3: UART and milliseconds by interrupt. It has no probes, so its climate is simulated.
#if defined(BOARD_LM3S6965)

#include "board.h"
#include "epoch_eeprom.h"
#include "registers_lm3s6965.h"
#include "simulated_climate.h"

using namespace lm3s6965;

namespace board {
namespace {

constexpr uint32_t kBaudRate = 115200;
constexpr uint32_t kLed = 1;  // PF0

// Both survive a reset; after power-on they hold anything.
__attribute__((section(".noinit"))) volatile uint32_t restartMark;
__attribute__((section(".noinit"))) volatile uint32_t poweredMark;
constexpr uint32_t kRestarting = 0x50575253;
constexpr uint32_t kPowered = 0x50575250;

volatile uint32_t ticks = 0;
portwire::ResetCause cause = portwire::ResetCause::kUnknown;
SimulatedClimate climate;

/// RESC's bits are 0 EXT, 1 POR, 2 BOR, 3 WDT, 4 SW; a power-on leaves EXT undefined. Where they say nothing, RAM does.
portwire::ResetCause readResetCause() {
  const uint32_t flags = registerAt(kRESC);
  registerAt(kRESC) = 0;
  const bool restarted = restartMark == kRestarting && poweredMark == kPowered;
  const bool wasPowered = poweredMark == kPowered;
  restartMark = 0;
  poweredMark = kPowered;
  if (restarted) return portwire::ResetCause::kSoftware;
  if (!wasPowered || (flags & (1u << 1))) return portwire::ResetCause::kPowerOn;
  if (flags & (1u << 2)) return portwire::ResetCause::kBrownOut;
  if (flags & (1u << 3)) return portwire::ResetCause::kWatchdog;
  if (flags & (1u << 4)) return portwire::ResetCause::kSoftware;
  if (flags & (1u << 0)) return portwire::ResetCause::kExternal;
  return portwire::ResetCause::kUnknown;
}

}  // namespace

Uart uart;

void Uart::begin() {
  registerAt(kUartCTL) = 0;
  constexpr uint32_t kDivisor64 = (kClockHz * 4 + kBaudRate / 2) / kBaudRate;  // in 64ths: clock / (16 * rate)
  registerAt(kUartIBRD) = kDivisor64 / 64;
  registerAt(kUartFBRD) = kDivisor64 % 64;
  constexpr uint32_t kEightBits = 3u << 5;  // no parity, one stop bit
  constexpr uint32_t kFifos = 1u << 4;
  registerAt(kUartLCRH) = kEightBits;  // without FIFOs, which empties them
  registerAt(kUartICR) = 0x7FF;
  registerAt(kUartLCRH) = kEightBits | kFifos;
  registerAt(kUartIM) = kUartReceive | kUartReceiveTimeout;
  registerAt(kUartCTL) = (1u << 0) | (1u << 8) | (1u << 9);
  registerAt(kInterruptEnable) = 1u << 5;
}

void Uart::write(uint8_t byte) {
  while (registerAt(kUartFR) & kUartTransmitFull) {
  }
  registerAt(kUartDR) = byte;
}

void Uart::flush() const {
  while (registerAt(kUartFR) & kUartBusy) {
  }
}

void Uart::received(uint8_t byte) {
  const uint8_t next = static_cast<uint8_t>(head_ + 1);
  if (next == tail_) return;
  ring_[head_] = byte;
  head_ = next;
}

uint32_t CortexM3::nowMs() { return ticks; }
uint32_t CortexM3::nextEpoch() {
  uint32_t epoch = 0;
  if (!EpochEeprom::next(&epoch)) reset();
  return epoch;
}
portwire::ResetCause CortexM3::resetCause() { return cause; }
void CortexM3::restart() {
  restartMark = kRestarting;
  reset();
}

/// With interrupts off until it sleeps, so that a byte that comes after the look at the ring still wakes it.
void waitForInterrupt() {
  __asm__ volatile("cpsid i" ::: "memory");
  if (!uart.available()) __asm__ volatile("wfi" ::: "memory");
  __asm__ volatile("cpsie i" ::: "memory");
}

void begin() {
  cause = readResetCause();
  registerAt(kRCGC1) |= (1u << 0) | (1u << 12);             // UART0, I2C0
  registerAt(kRCGC2) |= (1u << 0) | (1u << 1) | (1u << 5);  // ports A, B, F
  __asm__ volatile("nop; nop; nop");                        // a clock takes three cycles (5.4, RCGC)
  registerAt(kPortA + kAFSEL) |= 3;
  registerAt(kPortA + kDEN) |= 3;
  registerAt(kPortB + kAFSEL) |= 0xC;
  registerAt(kPortB + kODR) |= 0xC;
  registerAt(kPortB + kDEN) |= 0xC;
  registerAt(kPortF + kDIR) |= kLed;
  registerAt(kPortF + kDEN) |= kLed;
  setLed(false);
  registerAt(kSysTickReload) = kClockHz / 1000 - 1;
  registerAt(kSysTickCurrent) = 0;
  registerAt(kSysTickControl) = 7;  // the core's clock, interrupt, on
}

uint32_t nowMs() { return CortexM3::nowMs(); }

void wait(uint16_t ms) {
  const uint32_t startMs = nowMs();
  while (nowMs() - startMs < ms) __asm__ volatile("wfi" ::: "memory");
}

Climate readProbes() { return climate.at(nowMs()); }

void setVent(float open) { climate.setVent(open); }
void setLamp(bool on) { climate.setLamp(on); }
/// Of a port's data only the bits are written that the address names (8.3.1.2).
void setLed(bool on) { registerAt(kPortF + (kLed << 2)) = on ? kLed : 0; }
void setAlarmLed(bool) {}
void leave(uint8_t) {}

}  // namespace board

static void emptyFifo() {
  while (!(registerAt(kUartFR) & kUartReceiveEmpty)) board::uart.received(static_cast<uint8_t>(registerAt(kUartDR)));
}

/// A byte whose interrupt was missed waits a millisecond and not for ever. Both handlers have one priority: neither interrupts the other.
extern "C" void tickHandler() {
  board::ticks = board::ticks + 1;
  emptyFifo();
}

/// Cleared first: a byte that comes while the FIFO is emptied asks again.
extern "C" void uart0Handler() {
  registerAt(kUartICR) = kUartReceive | kUartReceiveTimeout;
  emptyFifo();
}

#endif
