// The probe on an Arduino Uno: questions and answers over its UART, at a rate that 16 MHz divides exactly.
#include <Arduino.h>

#include "probe.h"

struct Uart {
  uint8_t read() {
    while (!Serial.available()) {
    }
    return static_cast<uint8_t>(Serial.read());
  }
  void write(uint8_t byte) { Serial.write(byte); }
};

static Uart io;
static probe::Probe<Uart, 740> probeOfUno(io);

void setup() { Serial.begin(250000); }
void loop() { probeOfUno.answer(); }
