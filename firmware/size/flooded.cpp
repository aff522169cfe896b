// Not a size: a board at 1,000,000 baud, where bytes come as fast as they are read. Pin 8 turns with each pass of loop(); pin 2 is set
// by the dead-man.
#include <Arduino.h>
#include <portwire.h>

static portwire::Device<portwire::ArduinoLine<HardwareSerial>, portwire::ContractBase, portwire::DeadMan> port;

static void safeState() { PORTD |= 0x04; }

void setup() {
  DDRB |= 0x01;
  DDRD |= 0x04;
  Serial.begin(1000000);
  port.deadMan(300, safeState);
  port.begin(Serial);
}

void loop() {
  PORTB ^= 0x01;
  port.poll();
}
