// Values of 64 bits: uint64_t, int64_t, and Float64 for the contract's f64.
//
// Numbers come and go as two words of 32 bits: 64-bit arithmetic is large on AVR.
#ifndef PORTWIRE_WIDE_VALUES_H
#define PORTWIRE_WIDE_VALUES_H

#include "values.h"

namespace portwire {

/// The upper and the lower half of 64 bits.
struct Words {
  uint32_t high;  ///< Bits 32 to 63.
  uint32_t low;   ///< Bits 0 to 31.
};

namespace detail {

/// The same value in 64 bits, exactly. `bits` are those of a float. Source: IEEE 754-2008, 3.4: binary32 has 8 bits of exponent
/// with bias 127 and 23 of fraction, binary64 11 with bias 1023 and 52.
inline Words widen(uint32_t bits) {
  uint16_t exponent = static_cast<uint16_t>((bits >> 23) & 0xFF);
  uint32_t fraction = bits & 0x7FFFFF;
  if (exponent == 0xFF) {
    exponent = 0x7FF;
  } else if (exponent != 0) {
    exponent = static_cast<uint16_t>(exponent + 1023 - 127);
  } else if (fraction != 0) {
    for (exponent = 1023 - 126; (fraction & 0x800000) == 0; --exponent) fraction <<= 1;
    fraction &= 0x7FFFFF;
  }
  const Words words = {(bits & 0x80000000) | static_cast<uint32_t>(exponent) << 20 | fraction >> 3, fraction << 29};
  return words;
}

}  // namespace detail

/// A number of IEEE 754's binary64 as its bits, for boards whose `double` has 32: what came is kept whole, can be compared, stored
/// and sent on, and becomes a float only where narrow() says so.
struct Binary64 {
  Binary64() : words() {}
  /// Every float has a form in 64 bits.
  Binary64(float value) : words() {  // NOLINT: it loses nothing
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    words = detail::widen(bits);
  }
  /// These bits.
  explicit Binary64(const Words& bits) : words(bits) {}

  Words words;  ///< Sign, exponent and fraction as IEEE 754 has them.
};

/// The contract's f64: `double` where that has 64 bits, else (AVR) Binary64. The handler of an f64 that says `double` does not
/// compile for an AVR, where it would lose half of the digits in silence.
#if __SIZEOF_DOUBLE__ == 8
typedef double Float64;
#else
typedef Binary64 Float64;
#endif

namespace detail {

inline Words wordsOf(const Binary64& value) { return value.words; }
inline void setWords(const Words& words, Binary64* value) { value->words = words; }
#if __SIZEOF_DOUBLE__ == 8
inline Words wordsOf(double value) {
  uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const Words words = {static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(bits & 0xFFFFFFFF)};
  return words;
}
inline void setWords(const Words& words, double* value) {
  const uint64_t bits = static_cast<uint64_t>(words.high) << 32 | words.low;
  __builtin_memcpy(value, &bits, sizeof bits);
}
#endif

}  // namespace detail

/// The float nearest to a Float64; what is smaller than 1.2e-38, where floats fade out, is zero. kOutOfRange, and the output as it
/// was, for a finite number that no float is as large as.
template <class Wide> PORTWIRE_MUST_USE inline Status narrow(const Wide& value, float* nearest) {
  const Words words = detail::wordsOf(value);
  const Reader::Number number = {words.low, words.high, Reader::kFloat64, (words.high & 0x80000000) != 0};
  uint32_t bits;
  if (!Reader::nearest(number, &bits)) return Status::kOutOfRange;
  __builtin_memcpy(nearest, &bits, sizeof bits);
  return Status::kOk;
}

namespace detail {

/// The bits of an integer as binary64: kOutOfRange when its 53 significant bits do not hold it.
inline Status floatOf(const Reader::Number& integer, Words* words) {
  uint32_t high = integer.high;
  uint32_t low = integer.low;
  if (integer.negative) {
    low = ~low + 1;
    high = ~high;
    if (low == 0) ++high;
  }
  uint16_t exponent = 0;
  if ((high | low) != 0) {
    for (exponent = 1023 + 63; (high & 0x80000000) == 0; --exponent) {
      high = high << 1 | low >> 31;
      low <<= 1;
    }
    if ((low & 0x7FF) != 0) return Status::kOutOfRange;
    high &= 0x7FFFFFFF;
  }
  words->high = (integer.negative ? 0x80000000 : 0) | static_cast<uint32_t>(exponent) << 20 | high >> 11;
  words->low = high << 21 | low >> 11;
  return Status::kOk;
}

/// Takes float 64, float 32, and integers that 64 bits hold exactly.
PORTWIRE_NOINLINE PORTWIRE_MUST_USE inline Status readFloat64(Reader& reader, Words* words) {
  Reader::Number number;
  const Status status = reader.readNumber(&number, Numbers::kAll);
  if (status != Status::kOk) return status;
  if (number.format == Reader::kFloat32) {
    *words = widen(number.low);
  } else if (number.format == Reader::kFloat64) {
    words->high = number.high;
    words->low = number.low;
  } else {
    return floatOf(number, words);
  }
  return Status::kOk;
}

template <> struct Wire<uint64_t> {
  static constexpr size_t kBytes = 9;
  static Status read(Reader& reader, uint64_t* value) {
    Reader::Number integer;
    const Status status = reader.readNumber(&integer, Numbers::kIntegers64);
    if (status != Status::kOk) return status;
    if (integer.negative) return Status::kOutOfRange;
    *value = static_cast<uint64_t>(integer.high) << 32 | integer.low;
    return Status::kOk;
  }
  static void write(Writer& writer, uint64_t value) {
    const uint32_t high = static_cast<uint32_t>(value >> 32);
    const uint32_t low = static_cast<uint32_t>(value & 0xFFFFFFFF);
    if (high == 0)
      writer.writeUnsigned(low);
    else
      writer.writeEight(0xCF, high, low);
  }
};

template <> struct Wire<int64_t> {
  static constexpr size_t kBytes = 9;
  static Status read(Reader& reader, int64_t* value) {
    Reader::Number integer;
    const Status status = reader.readNumber(&integer, Numbers::kIntegers64);
    if (status != Status::kOk) return status;
    if (!integer.negative && (integer.high & 0x80000000) != 0) return Status::kOutOfRange;
    *value = static_cast<int64_t>(static_cast<uint64_t>(integer.high) << 32 | integer.low);
    return Status::kOk;
  }
  static void write(Writer& writer, int64_t value) {
    const uint64_t bits = static_cast<uint64_t>(value);
    const uint32_t high = static_cast<uint32_t>(bits >> 32);
    const uint32_t low = static_cast<uint32_t>(bits & 0xFFFFFFFF);
    if (value >= 0)
      Wire<uint64_t>::write(writer, bits);
    else if (high == 0xFFFFFFFF && (low & 0x80000000) != 0)
      writer.writeSigned(static_cast<int32_t>(low));
    else
      writer.writeEight(0xD3, high, low);
  }
};

template <class T> struct Float64Wire {
  static constexpr size_t kBytes = 9;
  static Status read(Reader& reader, T* value) {
    Words words;
    const Status status = readFloat64(reader, &words);
    if (status == Status::kOk) setWords(words, value);
    return status;
  }
  static void write(Writer& writer, const T& value) {
    const Words words = wordsOf(value);
    writer.writeEight(0xCB, words.high, words.low);
  }
};

template <> struct Wire<Binary64> : Float64Wire<Binary64> {};
#if __SIZEOF_DOUBLE__ == 8
template <> struct Wire<double> : Float64Wire<double> {};
#endif

}  // namespace detail
}  // namespace portwire

#endif
