// What docs/porting.md takes for the vendor's header. chip_linux.cpp is the chip.
#ifndef CHIP_H
#define CHIP_H

#include <stddef.h>
#include <stdint.h>

namespace chip {

constexpr uint8_t kPowerOnFlag = 1, kPinFlag = 2, kWatchdogFlag = 4, kSoftwareFlag = 8;

/// Clock, UART at 115,200 baud, timer, interrupts.
void start();
/// Since start().
uint32_t milliseconds();
/// Why it was reset; more than one may be set.
uint8_t resetFlags();
void reset();

bool uartHasRoom();
void uartPut(uint8_t byte);
/// The last stop bit has not left yet.
bool uartIsSending();

/// False when it does not answer.
bool eepromRead(uint16_t address, uint8_t* bytes, size_t count);
bool eepromWrite(uint16_t address, const uint8_t* bytes, size_t count);

void setLamp(bool on);
/// Sleeps until an interrupt: the UART's, or the millisecond's.
void waitForInterrupt();

}  // namespace chip

/// The UART's interrupt: the program defines it.
extern "C" void uartReceived(uint8_t byte);

#endif
