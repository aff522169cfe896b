// codec.cpp with float, which AVR computes in software.
#include <Arduino.h>
#include <portwire.h>

static uint8_t memory[64];

void setup() {
  using portwire::Status;
  portwire::Reader reader(memory, PINB);
  portwire::Writer writer(memory + 32, 32);
  uint16_t items;
  bool flag;
  uint32_t number;
  int32_t integer;
  float real;
  const char* text;
  const uint8_t* data;
  size_t bytes;
  if (reader.readArray(&items) == Status::kOk) writer.writeArray(items);
  if (reader.readBool(&flag) == Status::kOk) writer.writeBool(flag);
  if (reader.readUnsigned(&number, 0xFFFF) == Status::kOk) writer.writeUnsigned(number);
  if (reader.readSigned(&integer, 0x7FFF) == Status::kOk) writer.writeSigned(integer);
  if (reader.readFloat(&real) == Status::kOk) writer.writeFloat(real);
  if (reader.readText(&text, &bytes) == Status::kOk) writer.writeText(text, bytes);
  if (reader.readBytes(&data, &bytes) == Status::kOk) writer.writeBytes(data, bytes);
  if (reader.takeNil()) writer.writeNil();
  PORTB = static_cast<uint8_t>(writer.bytes());
}

void loop() {}
