// STM32, by the names of ST's headers.
#if defined(ARDUINO) && defined(ARDUINO_ARCH_STM32)

#include "board_arduino.h"

namespace portwire {
namespace {

ResetCause readResetCause() {
  const uint32_t flags = RCC->CSR;
  RCC->CSR |= RCC_CSR_RMVF;
#if defined(RCC_CSR_PORRSTF)
  if (flags & RCC_CSR_PORRSTF) return ResetCause::kPowerOn;
#endif
#if defined(RCC_CSR_BORRSTF)
  if (flags & RCC_CSR_BORRSTF) return ResetCause::kBrownOut;
#endif
  if (flags & RCC_CSR_SFTRSTF) return ResetCause::kSoftware;
  if (flags & (RCC_CSR_IWDGRSTF | RCC_CSR_WWDGRSTF)) return ResetCause::kWatchdog;
  if (flags & RCC_CSR_PINRSTF) return ResetCause::kExternal;  // the pin is pulled low by every other cause too
  return ResetCause::kUnknown;
}

}  // namespace

/// Many parts (the F401 among them) have no random generator: the noise of the temperature sensor's last bits, gathered.
uint32_t ArduinoBoard::nextEpoch() {
  uint32_t bits = HAL_GetTick();
  for (uint8_t i = 0; i < 128; ++i) {
    bits = (bits ^ static_cast<uint32_t>(analogRead(ATEMP)) ^ micros()) * 0x01000193u;  // FNV-1a's step
    bits ^= bits >> 15;
  }
  return bits;
}

ResetCause ArduinoBoard::resetCause() {
  static const ResetCause cause = readResetCause();
  return cause;
}

void ArduinoBoard::restart() { NVIC_SystemReset(); }

}  // namespace portwire

#endif
