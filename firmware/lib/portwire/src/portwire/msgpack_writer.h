// Writes msgpack values into a buffer of fixed size, integers in the shortest form.
#ifndef PORTWIRE_MSGPACK_WRITER_H
#define PORTWIRE_MSGPACK_WRITER_H

#include "polyfills.h"

namespace portwire {

/// What does not fit is not written and remembered: look at overflowed() once, at the end.
class Writer {
 public:
  /// Writes to the `bytes` bytes at `data`.
  Writer(uint8_t* data, size_t bytes) : start_(data), at_(data), end_(data + bytes) {}

  size_t bytes() const { return static_cast<size_t>(at_ - start_); }  ///< Written so far.
  size_t room() const { return static_cast<size_t>(end_ - at_); }     ///< Left.
  bool overflowed() const { return overflowed_; }                     ///< Something did not fit.

  /// One byte as it is.
  PORTWIRE_NOINLINE void writeByte(uint8_t byte) {
    if (at_ == end_)
      overflowed_ = true;
    else
      *at_++ = byte;
  }

  void writeNil() { writeByte(0xC0); }  ///< Nothing.
  void writeBool(bool value) { writeByte(value ? 0xC3 : 0xC2); }  ///< True or false.

  /// An integer, in 1, 2, 3 or 5 bytes.
  PORTWIRE_NOINLINE void writeUnsigned(uint32_t value) {
    if (value < 0x80)
      writeByte(static_cast<uint8_t>(value));
    else if (value <= 0xFF)
      writeHead(0xCC, value, 1);
    else if (value <= 0xFFFF)
      writeHead(0xCD, value, 2);
    else
      writeHead(0xCE, value, 4);
  }

  /// An integer, in 1, 2, 3 or 5 bytes.
  void writeSigned(int32_t value) {
    const uint32_t bits = static_cast<uint32_t>(value);
    if (value >= 0)
      writeUnsigned(bits);
    else if (value >= -32)
      writeByte(static_cast<uint8_t>(bits & 0xFF));
    else if (value >= -128)
      writeHead(0xD0, bits, 1);
    else if (value >= -32768)
      writeHead(0xD1, bits, 2);
    else
      writeHead(0xD2, bits, 4);
  }

  /// A float 32: 5 bytes.
  void writeFloat(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    writeHead(0xCA, bits, 4);
  }

  /// A value of 64 bits as two words, in this format.
  PORTWIRE_NOINLINE void writeEight(uint8_t format, uint32_t high, uint32_t low) {
    writeHead(format, high, 4);
    writeHead(static_cast<uint8_t>(low >> 24), low, 3);
  }

  /// The head of an array of up to 65,535 items; they are written next.
  void writeArray(uint16_t items) {
    if (items < 16)
      writeByte(static_cast<uint8_t>(0x90 | items));
    else
      writeHead(0xDC, items, 2);
  }

  /// A str of up to 65,535 bytes of UTF-8.
  void writeText(const char* text, size_t bytes) {
    if (bytes < 32)
      writeByte(static_cast<uint8_t>(0xA0 | bytes));
    else if (bytes <= 0xFF)
      writeHead(0xD9, static_cast<uint32_t>(bytes), 1);
    else
      writeHead(0xDA, static_cast<uint32_t>(bytes), 2);
    writeAll(reinterpret_cast<const uint8_t*>(text), bytes);
  }

  /// A bin of up to 65,535 bytes.
  void writeBytes(const uint8_t* data, size_t bytes) {
    if (bytes <= 0xFF)
      writeHead(0xC4, static_cast<uint32_t>(bytes), 1);
    else
      writeHead(0xC5, static_cast<uint32_t>(bytes), 2);
    writeAll(data, bytes);
  }

  /// `bytes` bytes of a PORTWIRE_FLASH_TEXT, as bin.
  void writeFlashBytes(const char* text, uint16_t bytes) {
    if (bytes <= 0xFF)
      writeHead(0xC4, bytes, 1);
    else
      writeHead(0xC5, bytes, 2);
    while (bytes--) writeByte(static_cast<uint8_t>(detail::flashChar(text++)));
  }

  /// The characters of a PORTWIRE_FLASH_TEXT, without a head.
  void writeFlashChars(const char* text) {
    while (const char character = detail::flashChar(text++)) writeByte(static_cast<uint8_t>(character));
  }

  /// A PORTWIRE_FLASH_TEXT of up to 31 bytes, or nil when it is null or would leave less room than `reserveBytes`.
  PORTWIRE_NOINLINE void writeFlashText(const char* text, uint8_t reserveBytes) {
    uint8_t bytes = 0;
    if (text)
      while (bytes <= 31 && detail::flashChar(text + bytes) != 0) ++bytes;
    if (bytes == 0 || bytes > 31 || room() < static_cast<size_t>(bytes) + 1 + reserveBytes) return writeNil();
    writeByte(static_cast<uint8_t>(0xA0 | bytes));
    while (bytes--) writeByte(static_cast<uint8_t>(detail::flashChar(text++)));
  }

 private:
  PORTWIRE_NOINLINE void writeHead(uint8_t format, uint32_t value, uint8_t bytes) {
    writeByte(format);
    for (uint8_t i = bytes; i-- != 0;) writeByte(static_cast<uint8_t>((value >> (8 * i)) & 0xFF));
  }

  void writeAll(const uint8_t* data, size_t bytes) {
    while (bytes--) writeByte(*data++);
  }

  uint8_t* start_;
  uint8_t* at_;
  uint8_t* end_;
  bool overflowed_ = false;
};

}  // namespace portwire

#endif
