// Reader and Writer alone, every type of a contract once: what the codec costs. Of floats what is asked for:
// CODEC_FLOAT_IN, CODEC_FLOAT_OUT, CODEC_FLOAT64_IN, CODEC_FLOAT64_OUT.
#ifndef SIZE_CODEC_H
#define SIZE_CODEC_H

#include <Arduino.h>
#include <portwire.h>

static uint8_t memory[64];

static void readAndWrite() {
  using portwire::Status;
  portwire::Reader reader(memory, PINB);
  portwire::Writer writer(memory + 32, 32);
  uint16_t items;
  bool flag;
  uint32_t number;
  int32_t integer;
  const char* text;
  const uint8_t* data;
  size_t bytes;
  if (reader.readArray(&items) == Status::kOk) writer.writeArray(items);
  if (reader.readBool(&flag) == Status::kOk) writer.writeBool(flag);
  if (reader.readUnsigned(&number, 0xFFFF) == Status::kOk) writer.writeUnsigned(number);
  if (reader.readSigned(&integer, 0x7FFF) == Status::kOk) writer.writeSigned(integer);
  // What is read and not written, or written and not read, stays in memory.
#if defined(CODEC_FLOAT_IN) || defined(CODEC_FLOAT_OUT)
  float real;
  memcpy(&real, memory, sizeof real);
#endif
#ifdef CODEC_FLOAT_IN
  portwire::ignore(portwire::detail::Wire<float>::read(reader, &real));
#endif
#ifdef CODEC_FLOAT_OUT
  portwire::detail::Wire<float>::write(writer, real);
#elif defined(CODEC_FLOAT_IN)
  memcpy(memory, &real, sizeof real);
#endif
#if defined(CODEC_FLOAT64_IN) || defined(CODEC_FLOAT64_OUT)
  portwire::Float64 wide;
  memcpy(&wide, memory, sizeof wide);
#endif
#ifdef CODEC_FLOAT64_IN
  portwire::ignore(portwire::detail::Wire<portwire::Float64>::read(reader, &wide));
#endif
#ifdef CODEC_FLOAT64_OUT
  portwire::detail::Wire<portwire::Float64>::write(writer, wide);
#elif defined(CODEC_FLOAT64_IN)
  memcpy(memory, &wide, sizeof wide);
#endif
  if (reader.readText(&text, &bytes) == Status::kOk) writer.writeText(text, bytes);
  if (reader.readBytes(&data, &bytes) == Status::kOk) writer.writeBytes(data, bytes);
  if (reader.takeNil()) writer.writeNil();
  PORTB = static_cast<uint8_t>(writer.bytes());
}

#endif
