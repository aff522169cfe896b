// Measures the receive path, COBS and CRC together: sends the bytes of a frame and the CPU cycles that all but the last of them
// took, as u8 and u16 big-endian.
#include <Arduino.h>
#include <portwire.h>

struct Buffer {
  uint8_t* at;
  void write(uint8_t byte) { *at++ = byte; }
  void commit() {}
};

static portwire::Frames::Receiver<56> receiver;

void setup() {
  uint8_t content[52] = {};
  for (uint8_t i = 2; i < 50; ++i) content[i] = i % 5 ? i : 0;
  uint8_t wire[60];
  Buffer buffer = {wire};
  portwire::Frames::send(buffer, content, 48);
  const uint8_t bytes = static_cast<uint8_t>(buffer.at - wire);

  TCCR1A = 0;
  TCCR1B = 1 << CS10;
  bool early = false;
  cli();
  const uint16_t start = TCNT1;
  for (uint8_t i = 0; i < bytes - 1; ++i) early |= receiver.push(wire[i]) != portwire::Received::kNothing;
  const uint16_t cycles = TCNT1 - start;
  sei();
  const bool good = !early && receiver.push(wire[bytes - 1]) == portwire::Received::kMessage;

  Serial.begin(115200);
  if (!good) return;
  Serial.write(bytes);
  Serial.write(static_cast<uint8_t>(cycles >> 8));
  Serial.write(static_cast<uint8_t>(cycles & 0xFF));
}

void loop() {}
