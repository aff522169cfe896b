// The chip of docs/porting.md as a program: its UART is a pseudo-terminal, its EEPROM the file named by CHIP_EEPROM, a reset executes
// the program anew. It prints the path of the terminal once.
#include "chip.h"

#include <portwire/board_native.h>
#include <portwire/line_native.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace chip {
namespace {

constexpr size_t kEepromBytes = 1024;

portwire::Descriptors line;
uint8_t eeprom[kEepromBytes];
char name[] = "/proc/self/exe";
char* arguments[] = {name, nullptr};

const char* eepromFile() {
  const char* file = getenv("CHIP_EEPROM");
  if (file == nullptr) {
    fputs("CHIP_EEPROM names no file\n", stderr);
    exit(1);
  }
  return file;
}

}  // namespace

void start() {
  portwire::NativeBoard::keepArguments(arguments);
  memset(eeprom, 0xFF, sizeof eeprom);
  if (FILE* file = fopen(eepromFile(), "rb")) {
    portwire::ignore(fread(eeprom, 1, sizeof eeprom, file));
    fclose(file);
  }
  const char* path = line.openTerminal();
  if (path == nullptr) {
    perror("no terminal");
    exit(1);
  }
  if (!line.terminalKept()) printf("%s\n", path);
  fflush(stdout);
}

uint32_t milliseconds() { return portwire::NativeBoard::nowMs(); }
uint8_t resetFlags() {
  return portwire::NativeBoard::resetCause() == portwire::ResetCause::kSoftware ? kSoftwareFlag : kPowerOnFlag | kPinFlag;
}
void reset() { portwire::NativeBoard::restart(); }

bool uartHasRoom() { return true; }
void uartPut(uint8_t byte) { line.write(byte); }
bool uartIsSending() {
  line.flush();
  return false;
}

bool eepromRead(uint16_t address, uint8_t* bytes, size_t count) {
  if (address + count > sizeof eeprom) return false;
  memcpy(bytes, eeprom + address, count);
  return true;
}
bool eepromWrite(uint16_t address, const uint8_t* bytes, size_t count) {
  if (address + count > sizeof eeprom) return false;
  memcpy(eeprom + address, bytes, count);
  FILE* file = fopen(eepromFile(), "wb");
  const bool written = file != nullptr && fwrite(eeprom, 1, sizeof eeprom, file) == sizeof eeprom;
  return file != nullptr && fclose(file) == 0 && written;
}

void setLamp(bool on) { fprintf(stderr, "lamp %d\n", on ? 1 : 0); }
void waitForInterrupt() {
  line.wait(1);
  while (line.available()) uartReceived(line.read());
  if (line.ended()) exit(0);
}

}  // namespace chip
