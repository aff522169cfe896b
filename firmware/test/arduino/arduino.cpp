// A sketch as a program: prints the path of its pseudo-terminal, then a line for each output that changes ("pin 13 1"), and
// takes lines that set inputs: "pin 2 0", "analog 0 620". It ends when its standard input does.
#include <Arduino.h>
#include <poll.h>
#include <portwire/board_arduino.h>
#include <portwire/line_native.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr uint8_t kPins = 20;
constexpr int kIdleMs = 1;

portwire::Descriptors line;
uint8_t levels[kPins] = {};
uint8_t modes[kPins] = {};
int analog[kPins] = {};

uint64_t monotonicUs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000u + static_cast<uint64_t>(now.tv_nsec) / 1000u;
}
const uint64_t startUs = monotonicUs();

void obey(const char* command) {
  unsigned pin = 0;
  unsigned value = 0;
  if (sscanf(command, "pin %u %u", &pin, &value) == 2 && pin < kPins)
    levels[pin] = value != 0 ? HIGH : LOW;
  else if (sscanf(command, "analog %u %u", &pin, &value) == 2 && pin + A0 < kPins)
    analog[pin + A0] = static_cast<int>(value);
  else
    fprintf(stderr, "what is \"%s\"?\n", command);
}

/// Takes what has come on standard input; false at its end.
bool takeCommands() {
  static char command[64];
  static size_t length = 0;
  char buffer[256];
  pollfd waiting = {STDIN_FILENO, POLLIN, 0};
  if (poll(&waiting, 1, 0) <= 0) return true;
  const ssize_t count = read(STDIN_FILENO, buffer, sizeof buffer);
  for (ssize_t i = 0; i < count; ++i) {
    if (buffer[i] != '\n') {
      if (length < sizeof command - 1) command[length++] = buffer[i];
      continue;
    }
    command[length] = 0;
    length = 0;
    obey(command);
  }
  return count > 0;
}

}  // namespace

HardwareSerial Serial;

void HardwareSerial::begin(unsigned long) {}
int HardwareSerial::available() { return line.available() ? 1 : 0; }
int HardwareSerial::read() { return line.available() ? line.read() : -1; }
size_t HardwareSerial::write(uint8_t byte) {
  line.write(byte);
  return 1;
}
void HardwareSerial::flush() { line.flush(); }

void pinMode(uint8_t pin, uint8_t mode) {
  modes[pin] = mode;
  if (mode == INPUT_PULLUP) levels[pin] = HIGH;
}
void digitalWrite(uint8_t pin, uint8_t level) {
  if (modes[pin] != OUTPUT || levels[pin] == level) return;
  levels[pin] = level;
  printf("pin %u %u\n", pin, level);
  fflush(stdout);
}
int digitalRead(uint8_t pin) { return levels[pin]; }
int analogRead(uint8_t pin) { return analog[pin]; }
uint32_t micros() { return static_cast<uint32_t>(monotonicUs() - startUs); }
uint32_t millis() { return static_cast<uint32_t>((monotonicUs() - startUs) / 1000); }
void delayMicroseconds(unsigned int us) {
  const uint64_t endUs = monotonicUs() + us;
  while (monotonicUs() < endUs) {
  }
}

namespace portwire {

uint32_t ArduinoBoard::nextEpoch() { return NativeBoard::nextEpoch(); }
ResetCause ArduinoBoard::resetCause() { return NativeBoard::resetCause(); }
void ArduinoBoard::restart() { NativeBoard::restart(); }

}  // namespace portwire

int main(int, char** argv) {
  const char* path = line.openTerminal();
  if (!path) {
    perror("no pseudo-terminal");
    return 1;
  }
  portwire::NativeBoard::keepArguments(argv);
  puts(path);
  fflush(stdout);
  setup();
  while (takeCommands()) {
    loop();
    line.wait(kIdleMs, STDIN_FILENO);
  }
  return 0;
}
