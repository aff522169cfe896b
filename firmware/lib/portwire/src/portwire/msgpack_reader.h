// Reads msgpack values from bytes in memory: a cursor that never passes their end. Views point into those bytes.
#ifndef PORTWIRE_MSGPACK_READER_H
#define PORTWIRE_MSGPACK_READER_H

#include "protocol.h"
#include "status.h"

namespace portwire {

/// Nothing is copied, nothing is allocated, and nothing recurses: a device reads the values that its contract names, and no others.
/// Whether a text is UTF-8 is not looked at.
class Reader {
 public:
  /// Reads the `bytes` bytes at `data`, which must outlive it.
  Reader(const uint8_t* data, size_t bytes) : at_(data), end_(data + bytes) {}

  bool atEnd() const { return at_ == end_; }  ///< Nothing is left.

  /// True, and past it, when the next value is nil or there is none: on the wire both mean nil.
  bool takeNil() {
    if (atEnd()) return true;
    if (*at_ != 0xC0) return false;
    ++at_;
    return true;
  }

  /// Takes true or false.
  PORTWIRE_MUST_USE Status readBool(bool* value) {
    if (atEnd()) return Status::kTruncated;
    if ((*at_ & 0xFE) != 0xC2) return Status::kWrongType;
    *value = (*at_++ & 1) != 0;
    return Status::kOk;
  }

  /// Takes an integer of any width from 0 to `largest`; kOutOfRange for another.
  PORTWIRE_MUST_USE Status readUnsigned(uint32_t* value, uint32_t largest) {
    Integer integer;
    const Status status = readInteger(&integer);
    if (status != Status::kOk) return status;
    if (integer.negative || integer.low > largest) return Status::kOutOfRange;
    *value = integer.low;
    return Status::kOk;
  }

  /// `largest` is that of the type, 127 for int8_t; the smallest is then -largest - 1.
  PORTWIRE_MUST_USE Status readSigned(int32_t* value, uint32_t largest) {
    Integer integer;
    const Status status = readInteger(&integer);
    if (status != Status::kOk) return status;
    // In two's complement ~low is -value - 1, so one comparison serves both ends of the range.
    if ((integer.negative ? ~integer.low : integer.low) > largest) return Status::kOutOfRange;
    *value = static_cast<int32_t>(integer.low);
    return Status::kOk;
  }

  /// Takes float 32, float 64 and integers of up to 64 bits, rounded to the nearest. kOutOfRange for a finite number that no float
  /// is as large as: infinity is only what came as infinity.
  PORTWIRE_NOINLINE PORTWIRE_MUST_USE Status readFloat(float* value) {
    if (atEnd()) return Status::kTruncated;
    const uint8_t format = *at_;
    uint32_t bits;
    if (format == 0xCA) {
      if (left() < 5) return Status::kTruncated;
      ++at_;
      bits = bigEndian(4);
    } else if (format == 0xCB) {
      if (left() < 9) return Status::kTruncated;
      ++at_;
      const uint32_t high = bigEndian(4);
      bits = narrow(high, bigEndian(4));
      if (isBeyond(high, bits)) return Status::kOutOfRange;
    } else if (format == 0xCF || format == 0xD3) {
      if (left() < 9) return Status::kTruncated;
      ++at_;
      const uint32_t high = bigEndian(4);
      *value = wide(format == 0xD3, high, bigEndian(4));
      return Status::kOk;
    } else {
      Integer integer;
      const Status status = readInteger(&integer);
      if (status != Status::kOk) return status;
      *value = integer.negative ? -static_cast<float>(~integer.low + 1) : static_cast<float>(integer.low);
      return Status::kOk;
    }
    static_assert(sizeof(float) == sizeof(uint32_t), "float is IEEE 754 single precision");
    __builtin_memcpy(value, &bits, sizeof *value);
    return Status::kOk;
  }

  /// Takes a str, as a view into the bytes.
  PORTWIRE_MUST_USE Status readText(const char** text, size_t* bytes) {
    size_t length;
    const Status status = readLength(0xD9, 0xA0, 0xE0, &length);
    if (status != Status::kOk) return status;
    *text = reinterpret_cast<const char*>(take(length));
    *bytes = length;
    return Status::kOk;
  }

  /// Takes a bin, as a view into the bytes.
  PORTWIRE_MUST_USE Status readBytes(const uint8_t** data, size_t* bytes) {
    size_t length;
    const Status status = readLength(0xC4, kNoShortForm, 0, &length);
    if (status != Status::kOk) return status;
    *data = take(length);
    *bytes = length;
    return Status::kOk;
  }

  /// An array's head, in any form; its items are read next. More than 65,535 of them are kOutOfRange.
  PORTWIRE_NOINLINE PORTWIRE_MUST_USE Status readArray(uint16_t* items) {
    if (atEnd()) return Status::kTruncated;
    const uint8_t format = *at_;
    if ((format & 0xF0) == 0x90) {
      ++at_;
      *items = format & 0x0F;
      return Status::kOk;
    }
    if ((format & 0xFE) != 0xDC) return Status::kWrongType;
    const uint8_t bytes = format == 0xDC ? 2 : 4;
    if (left() <= bytes) return Status::kTruncated;
    ++at_;
    const uint32_t count = bigEndian(bytes);
    if (count > 0xFFFF) return Status::kOutOfRange;
    *items = static_cast<uint16_t>(count);
    return Status::kOk;
  }

  /// The eight bytes of a value of this format, as two words. kWrongType, and nothing is read, when the next has another.
  PORTWIRE_NOINLINE PORTWIRE_MUST_USE Status readEight(uint8_t format, uint32_t* high, uint32_t* low) {
    if (atEnd()) return Status::kTruncated;
    if (*at_ != format) return Status::kWrongType;
    if (left() < 9) return Status::kTruncated;
    ++at_;
    *high = bigEndian(4);
    *low = bigEndian(4);
    return Status::kOk;
  }

  /// The bits of a float 32. kWrongType, and nothing is read, when the next value is none.
  PORTWIRE_MUST_USE Status readSingle(uint32_t* bits) {
    if (atEnd()) return Status::kTruncated;
    if (*at_ != 0xCA) return Status::kWrongType;
    if (left() < 5) return Status::kTruncated;
    ++at_;
    *bits = bigEndian(4);
    return Status::kOk;
  }

  /// The low 32 bits in two's complement, and the sign.
  struct Integer {
    uint32_t low;   ///< In two's complement.
    bool negative;  ///< Below zero.
  };

  /// Any width; kOutOfRange when 32 bits and a sign cannot hold it.
  PORTWIRE_NOINLINE PORTWIRE_MUST_USE Status readInteger(Integer* integer) {
    if (atEnd()) return Status::kTruncated;
    const uint8_t format = *at_;
    if (format < 0x80 || format >= 0xE0) {
      ++at_;
      integer->negative = format >= 0xE0;
      integer->low = static_cast<uint32_t>(static_cast<int32_t>(static_cast<int8_t>(format)));
      return Status::kOk;
    }
    if (format < 0xCC || format > 0xD3) return Status::kWrongType;
    uint8_t bytes = static_cast<uint8_t>(1 << (format & 3));
    if (left() <= bytes) return Status::kTruncated;
    ++at_;
    const bool negative = format >= 0xD0 && (*at_ & 0x80) != 0;
    const uint8_t fill = negative ? 0xFF : 0;
    uint32_t low = negative ? 0xFFFFFFFF : 0;
    bool fits = true;
    while (bytes--) {
      if (bytes >= 4 && *at_ != fill) fits = false;
      low = (low << 8) | *at_++;
    }
    // Of eight bytes the lower four alone do not show the sign: -2^31 - 1 must not become a positive number.
    if (negative && !(low & 0x80000000)) fits = false;
    integer->low = low;
    integer->negative = negative;
    return fits ? Status::kOk : Status::kOutOfRange;
  }

  /// The single precision number nearest to a double of two words, ties to even; what is smaller than 1.2e-38, where single
  /// precision fades out, is zero. By hand, since AVR's double is itself single.
  static uint32_t narrow(uint32_t high, uint32_t low) {
    const uint32_t sign = high & 0x80000000;
    const uint16_t exponent = static_cast<uint16_t>((high >> 20) & 0x7FF);
    uint32_t bits = ((high & 0xFFFFF) << 3) | (low >> 29);
    const uint32_t rest = low << 3;
    if (exponent == 0x7FF) {
      if (rest != 0) bits |= 0x400000;  // stays not-a-number when only the low bits said so
    } else if (exponent > 1023 + 127) {
      bits = 0;
    } else if (exponent < 1023 - 126) {
      return sign;
    } else {
      bits |= static_cast<uint32_t>(exponent - (1023 - 127)) << 23;
      if (rest > 0x80000000 || (rest == 0x80000000 && (bits & 1))) ++bits;  // a carry runs into the exponent, as it should
      return sign | bits;
    }
    return sign | 0x7F800000 | bits;
  }

  /// narrow() has made infinity, `bits`, of a finite number whose upper word is `high`.
  static bool isBeyond(uint32_t high, uint32_t bits) {
    return (bits & 0x7F800000) == 0x7F800000 && (high & 0x7FF00000) != 0x7FF00000;
  }

 private:
  static constexpr uint8_t kNoShortForm = 0xFF;

  size_t left() const { return static_cast<size_t>(end_ - at_); }

  const uint8_t* take(size_t bytes) {
    const uint8_t* taken = at_;
    at_ += bytes;
    return taken;
  }

  uint32_t bigEndian(uint8_t bytes) {
    uint32_t value = 0;
    while (bytes--) value = (value << 8) | *at_++;
    return value;
  }

  /// A length of 1, 2 or 4 bytes, by its exponent.
  bool takeCount(uint8_t exponent, uint32_t* count) {
    const uint8_t bytes = static_cast<uint8_t>(1 << exponent);
    if (left() < bytes) return false;
    *count = bigEndian(bytes);
    return true;
  }

  /// Length of a str or bin, checked against the bytes left. `first` is the format with a length of one byte.
  Status readLength(uint8_t first, uint8_t shortForm, uint8_t shortMask, size_t* length) {
    if (atEnd()) return Status::kTruncated;
    const uint8_t format = *at_;
    uint32_t bytes;
    const uint8_t* start = at_++;
    if ((format & shortMask) == shortForm) {
      bytes = format & 0x1F;
    } else if (format < first || format > first + 2) {
      at_ = start;
      return Status::kWrongType;
    } else if (!takeCount(static_cast<uint8_t>(format - first), &bytes)) {
      at_ = start;
      return Status::kTruncated;
    }
    if (bytes > left()) {
      at_ = start;
      return Status::kTruncated;
    }
    *length = static_cast<size_t>(bytes);
    return Status::kOk;
  }

  /// The single precision number nearest to an integer of two words: the upper 32 significant bits are kept, and whether any
  /// below them was set, which is more than rounding needs. By hand, since 64-bit arithmetic is large on AVR.
  static float wide(bool isSigned, uint32_t high, uint32_t low) {
    const bool negative = isSigned && (high & 0x80000000) != 0;
    if (negative) {
      low = ~low + 1;
      high = ~high + (low == 0 ? 1 : 0);
    }
    float scale = 1;
    for (; high != 0; high >>= 1, scale *= 2) low = (low >> 1) | (low & 1) | (high << 31);
    const float magnitude = static_cast<float>(low) * scale;
    return negative ? -magnitude : magnitude;
  }

  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace portwire

#endif
