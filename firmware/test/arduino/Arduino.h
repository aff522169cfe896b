// The part of Arduino's API that the examples use, over this machine, so that they run as programs. Not a board: a test stands
// on the other side of the pins, on standard input and output (arduino.cpp).
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>

#define HIGH 0x1
#define LOW 0x0
#define INPUT 0x0
#define OUTPUT 0x1
#define INPUT_PULLUP 0x2
#define LED_BUILTIN 13

constexpr uint8_t A0 = 14;

void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t level);
int digitalRead(uint8_t pin);
int analogRead(uint8_t pin);
// 32 bits, as unsigned long has on every Arduino: so it wraps as there.
uint32_t millis();
uint32_t micros();
void delayMicroseconds(unsigned int us);

class __FlashStringHelper;
#define F(text) (reinterpret_cast<const __FlashStringHelper*>(text))

class Stream {
 public:
  virtual ~Stream() {}
  virtual int available() = 0;
  virtual int read() = 0;
  virtual size_t write(uint8_t byte) = 0;
  virtual void flush() = 0;
};

/// The master of a pseudo-terminal.
class HardwareSerial : public Stream {
 public:
  void begin(unsigned long baudRate);
  int available() override;
  int read() override;
  size_t write(uint8_t byte) override;
  void flush() override;
};

extern HardwareSerial Serial;

void setup();
void loop();

#endif
