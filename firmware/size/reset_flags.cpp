// Not a size: what a board tells of its reset behind a bootloader that clears MCUSR and hands it over in r2, as Optiboot 5 and
// later do. It also logs before there is a line.
#define PORTWIRE_RESET_FLAGS_IN_R2
#include <Arduino.h>
#include <portwire.h>
#include <portwire/board_avr.cpp>

extern "C" void bootloader() __attribute__((naked, used, section(".init0")));
extern "C" void bootloader() {
  __asm__ volatile(
      "in r2, %0\n"
      "clr r1\n"
      "out %0, r1\n" ::"I"(_SFR_IO_ADDR(MCUSR)));
}

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, portwire::ContractBase, portwire::Log<8>, portwire::RemoteReset> port;

void setup() {
  port.log(portwire::Severity::kError, "nobody hears this");
  Serial.begin(115200);
  port.begin(Serial);
}

void loop() { port.poll(); }
