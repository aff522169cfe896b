// Registers of the LM3S6965, a Cortex-M3 of Texas Instruments (Stellaris). Names, addresses and bits: its data sheet, DS-LM3S6965.
#ifndef REGISTERS_LM3S6965_H
#define REGISTERS_LM3S6965_H

#include <stdint.h>

namespace lm3s6965 {

inline volatile uint32_t& registerAt(uint32_t address) { return *reinterpret_cast<volatile uint32_t*>(address); }

constexpr uint32_t kClockHz = 50000000;

// System control, chapter 5.
constexpr uint32_t kRESC = 0x400FE05C;  // causes of resets, kept until they are cleared
constexpr uint32_t kRIS = 0x400FE050;
constexpr uint32_t kRCC = 0x400FE060;
constexpr uint32_t kRCGC1 = 0x400FE104;  // clocks of UARTs and I2C
constexpr uint32_t kRCGC2 = 0x400FE108;  // clocks of the ports

// Cortex-M3, ARM DDI 0403.
constexpr uint32_t kSysTickControl = 0xE000E010;
constexpr uint32_t kSysTickReload = 0xE000E014;
constexpr uint32_t kSysTickCurrent = 0xE000E018;
constexpr uint32_t kInterruptEnable = 0xE000E100;
constexpr uint32_t kAircr = 0xE000ED0C;

// Ports, chapter 8: U0RX and U0TX are PA0 and PA1, I2C0SCL and I2C0SDA are PB2 and PB3, the status LED of the evaluation board PF0.
constexpr uint32_t kPortA = 0x40004000;
constexpr uint32_t kPortB = 0x40005000;
constexpr uint32_t kPortF = 0x40025000;
constexpr uint32_t kDIR = 0x400;
constexpr uint32_t kAFSEL = 0x420;
constexpr uint32_t kODR = 0x50C;
constexpr uint32_t kDEN = 0x51C;

// UART0, chapter 12.
constexpr uint32_t kUartDR = 0x4000C000;
constexpr uint32_t kUartFR = 0x4000C018;
constexpr uint32_t kUartIBRD = 0x4000C024;
constexpr uint32_t kUartFBRD = 0x4000C028;
constexpr uint32_t kUartLCRH = 0x4000C02C;
constexpr uint32_t kUartCTL = 0x4000C030;
constexpr uint32_t kUartIM = 0x4000C038;
constexpr uint32_t kUartICR = 0x4000C044;
constexpr uint32_t kUartBusy = 1u << 3;
constexpr uint32_t kUartReceiveEmpty = 1u << 4;
constexpr uint32_t kUartTransmitFull = 1u << 5;
constexpr uint32_t kUartReceive = 1u << 4;
constexpr uint32_t kUartReceiveTimeout = 1u << 6;

// I2C0 as a master, chapter 14.
constexpr uint32_t kI2cMSA = 0x40020000;
constexpr uint32_t kI2cMCS = 0x40020004;
constexpr uint32_t kI2cMDR = 0x40020008;
constexpr uint32_t kI2cMTPR = 0x4002000C;
constexpr uint32_t kI2cMCR = 0x40020020;

/// 50 MHz from the PLL: 400 MHz / 2 / (SYSDIV + 1), by the sequence of 5.3. The evaluation board's crystal has 8 MHz.
inline void startClock() {
  constexpr uint32_t kBypass = 1u << 11;
  constexpr uint32_t kUseDivider = 1u << 22;
  constexpr uint32_t kPllLocked = 1u << 6;
  registerAt(kRCC) = (registerAt(kRCC) | kBypass) & ~kUseDivider;
  // SYSDIV 3, XTAL 8 MHz, the main oscillator, PLL and oscillators powered.
  uint32_t clock = (3u << 23) | kUseDivider | kBypass | (0xEu << 6);
  registerAt(kRCC) = clock;
  while (!(registerAt(kRIS) & kPllLocked)) {
  }
  clock &= ~kBypass;
  registerAt(kRCC) = clock;
}

/// A reset of the whole chip, asked for at the core (ARMv7-M ARM, B3.2.6: SYSRESETREQ).
[[noreturn]] inline void reset() {
  __asm__ volatile("dsb" ::: "memory");
  registerAt(kAircr) = 0x05FA0004;
  for (;;) {
  }
}

}  // namespace lm3s6965

#endif
