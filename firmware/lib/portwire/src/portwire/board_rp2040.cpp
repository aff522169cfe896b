// RP2040, by its registers, so that both Arduino cores for it will do. Addresses: RP2040 data sheet, 2.12.6, 2.17.7, 4.7.6.
#if defined(ARDUINO) && defined(ARDUINO_ARCH_RP2040)

#include "board_arduino.h"

namespace portwire {
namespace {

volatile uint32_t& registerAt(uintptr_t address) { return *reinterpret_cast<volatile uint32_t*>(address); }

constexpr uintptr_t kChipReset = 0x40064008;
constexpr uintptr_t kWatchdogReason = 0x40058008;
constexpr uintptr_t kScratch0 = 0x4005800C;  // survives all but a power-on
constexpr uintptr_t kRingOscillatorBit = 0x4006001C;
constexpr uintptr_t kApplicationInterruptAndReset = 0xE000ED0C;
constexpr uint32_t kRestarting = 0x50575253;

ResetCause readResetCause() {
  const bool restarted = registerAt(kScratch0) == kRestarting;
  registerAt(kScratch0) = 0;
  if (restarted) return ResetCause::kSoftware;
  if (registerAt(kWatchdogReason) & 3) return ResetCause::kWatchdog;
  if (registerAt(kChipReset) & (1ul << 8)) return ResetCause::kPowerOn;  // brown-out too: the chip does not tell them apart
  if (registerAt(kChipReset) & (1ul << 16)) return ResetCause::kExternal;
  return ResetCause::kUnknown;
}

}  // namespace

/// 32 bits of the ring oscillator, each after a pause that is long against its period.
uint32_t ArduinoBoard::nextEpoch() {
  uint32_t bits = 0;
  for (uint8_t i = 0; i < 64; ++i) {
    bits = ((bits << 1) | (bits >> 31)) ^ (registerAt(kRingOscillatorBit) & 1);
    delayMicroseconds(5);
  }
  return bits;
}

ResetCause ArduinoBoard::resetCause() {
  static const ResetCause cause = readResetCause();
  return cause;
}

void ArduinoBoard::restart() {
  registerAt(kScratch0) = kRestarting;
  registerAt(kApplicationInterruptAndReset) = 0x05FA0004;
  for (;;) {
  }
}

}  // namespace portwire

#endif
