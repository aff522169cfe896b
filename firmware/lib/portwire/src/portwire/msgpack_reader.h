// Reads msgpack values from bytes in memory: a cursor that never passes their end. Views point into those bytes.
#ifndef PORTWIRE_MSGPACK_READER_H
#define PORTWIRE_MSGPACK_READER_H

#include "protocol.h"
#include "status.h"

namespace portwire {

/// Which numbers Reader::readNumber() takes.
enum class Numbers : uint8_t {
  kAll = 0,         ///< Floats too.
  kIntegers64 = 1,  ///< Integers of any width.
  kIntegers32 = 2   ///< kOutOfRange for those that 32 bits and a sign cannot hold.
};

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
    Number integer;
    const Status status = readNumber(&integer, Numbers::kIntegers32);
    if (status != Status::kOk) return status;
    if (integer.negative || integer.low > largest) return Status::kOutOfRange;
    *value = integer.low;
    return Status::kOk;
  }

  /// `largest` is that of the type, 127 for int8_t; the smallest is then -largest - 1.
  PORTWIRE_MUST_USE Status readSigned(int32_t* value, uint32_t largest) {
    Number integer;
    const Status status = readNumber(&integer, Numbers::kIntegers32);
    if (status != Status::kOk) return status;
    // In two's complement ~low is -value - 1, so one comparison serves both ends of the range.
    if ((integer.negative ? ~integer.low : integer.low) > largest) return Status::kOutOfRange;
    *value = static_cast<int32_t>(integer.low);
    return Status::kOk;
  }

  /// Takes float 32, float 64 and integers of up to 64 bits, rounded to the nearest, ties to even. kOutOfRange for a finite number that
  /// no float is as large as: infinity is only what came as infinity.
  PORTWIRE_NOINLINE PORTWIRE_MUST_USE Status readFloat(float* value) {
    Number number;
    const Status status = readNumber(&number, Numbers::kAll);
    if (status != Status::kOk) return status;
    uint32_t bits = number.low;
    if (number.format != kFloat32 && !nearest(number, &bits)) return Status::kOutOfRange;
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

  static constexpr uint8_t kFloat32 = 0xCA;  ///< A Number's format: a float 32.
  static constexpr uint8_t kFloat64 = 0xCB;  ///< A Number's format: a float 64.

  /// A number as it came.
  struct Number {
    uint32_t low;    ///< Bits 0 to 31: of an integer in two's complement, of a float 64, and all of a float 32.
    uint32_t high;   ///< Bits 32 to 63; of a float 32 without meaning.
    uint8_t format;  ///< kFloat32, kFloat64, or any of an integer.
    bool negative;   ///< An integer below zero, or a float with the sign.
  };

  /// A number of any width. kWrongType, and nothing is read, when the next value is none that is wanted.
  PORTWIRE_NOINLINE PORTWIRE_MUST_USE Status readNumber(Number* number, Numbers wanted) {
    const uint8_t* from = at_;
    if (from == end_) return Status::kTruncated;
    uint8_t format = *from;
    if (format < 0x80 || format >= 0xE0) {
      format = kSigned8;  // its byte is its value
    } else {
      if (format < (wanted == Numbers::kAll ? kFloat32 : kUnsigned8) || format > kSigned64) return Status::kWrongType;
      ++from;
    }
    // The formats of each kind are those of 1, 2, 4 and 8 bytes; the floats stand where 4 and 8 would.
    const uint8_t bytes = static_cast<uint8_t>(1 << (format & 3));
    if (static_cast<size_t>(end_ - from) < bytes) return Status::kTruncated;
    number->format = format;
    number->negative = (format < kUnsigned8 || format >= kSigned8) && (*from & 0x80) != 0;
    const uint8_t fill = number->negative ? 0xFF : 0;
    from += bytes;
    at_ = from;
    bool fits = true;
    uint8_t* to = reinterpret_cast<uint8_t*>(number);
    for (uint8_t place = 0; place < 8; ++place) {
      const uint8_t byte = place < bytes ? *--from : fill;
      if (place >= 4 && byte != fill) fits = false;
      *to++ = byte;
    }
    if (wanted != Numbers::kIntegers32) return Status::kOk;
    // Of eight bytes the lower four alone do not show the sign: -2^31 - 1 must not become a positive number.
    if (number->negative && (number->low & kSign) == 0) fits = false;
    return fits ? Status::kOk : Status::kOutOfRange;
  }

  /// The bits of the single precision number nearest to an integer or a float 64, ties to even; what is smaller than 1.2e-38, where
  /// single precision fades out, is zero. Source: IEEE 754-2008, 3.4 and 4.3.1. By hand, since AVR's double is itself single, its
  /// 64-bit arithmetic is large, and so is a program's first addition of floats. False for a finite number that no float is as large as.
  static bool nearest(const Number& number, uint32_t* single) {
    uint32_t high = number.high;
    uint32_t low = number.low;
    // What a float's exponent would be if its leading one were bit 63.
    int16_t exponent = kBias + 63;
    if (number.format == kFloat64) {
      exponent = static_cast<int16_t>(((static_cast<uint16_t>(high >> 16) >> 4) & 0x7FF) - 1023 + kBias + 11);
      high = (high & 0xFFFFF) | 0x100000;
    } else if (number.negative) {
      low = ~low + 1;
      high = ~high;
      if (low == 0) ++high;
    }
    for (; high < 0x01000000; exponent = static_cast<int16_t>(exponent - 8)) {
      if (exponent <= 0) break;
      high = (high << 8) + static_cast<uint8_t>(low >> 24);
      low <<= 8;
    }
    // Of the 25 bits and more that are in `high` now only the last can be half of a float's last digit: what is in `low` just has
    // to be zero or not.
    for (; (high & kSign) == 0 && exponent > 0; --exponent) high <<= 1;
    uint32_t bits = 0;
    if (exponent >= 0xFF) {
      if (exponent != 0x7FF - 1023 + kBias) return false;
      bits = kInfinity;
      if (((high << 1) | low) != 0) bits |= 0x400000;
    } else if (exponent > 0) {
      // The leading one, which a float does not have, is added to the exponent.
      bits = (static_cast<uint32_t>(static_cast<uint16_t>((exponent - 1) << 7)) << 16) + (high >> 8);
      const uint8_t rest = static_cast<uint8_t>(high & 0xFF);
      if (rest > 0x80 || (rest == 0x80 && (low != 0 || (bits & 1) != 0))) ++bits;  // a carry runs into the exponent, as it should
      if (bits >= kInfinity) return false;
    }
    if (number.negative) bits |= kSign;
    *single = bits;
    return true;
  }

 private:
  static constexpr uint8_t kNoShortForm = 0xFF;
  static constexpr uint32_t kSign = 0x80000000;
  static constexpr uint32_t kInfinity = 0x7F800000;
  static constexpr uint8_t kBias = 127;
  // Formats of integers: unsigned ones of 8 to 64 bits, then signed ones.
  static constexpr uint8_t kUnsigned8 = 0xCC;
  static constexpr uint8_t kSigned8 = 0xD0;
  static constexpr uint8_t kSigned64 = 0xD3;

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

  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace portwire

#endif
