// Arguments whose contract has a `min` or a `max`: the host checks them before it sends, and the device checks them again.
#ifndef PORTWIRE_IN_RANGE_H
#define PORTWIRE_IN_RANGE_H

#include "wide_values.h"

namespace portwire {

/// An argument that the handler is given as a T, after it was found to lie from Limits::smallest() to Limits::largest(), both allowed.
/// Anything else, not-a-number too, is ERROR 2 with the text `argument 2 out of range`, and the handler does not run.
/// The limits of a Float64 are its bits, as Words.
template <class T, class Limits> struct InRange {};

namespace detail {

template <class T, class Limits> struct Parameter<InRange<T, Limits>> {
  typedef T Value;
  typedef T Type;
};

template <class T> inline bool isBetween(const T& value, const T& smallest, const T& largest) { return !(value < smallest) && !(largest < value); }

/// One copy for all arguments: a comparison of floats is a call on AVR.
PORTWIRE_NOINLINE inline bool isBetween(const float& value, const float& smallest, const float& largest) {
  return value >= smallest && value <= largest;
}

/// Words that stand in the order of the numbers: a negative one's bits are turned, and minus zero is zero.
inline Words ordered(const Words& bits) {
  Words words = bits;
  if ((words.high & 0x80000000) == 0 || ((words.high & 0x7FFFFFFF) | words.low) == 0) {
    words.high |= 0x80000000;
  } else {
    words.high = ~words.high;
    words.low = ~words.low;
  }
  return words;
}

inline bool isBelow(const Words& a, const Words& b) { return a.high != b.high ? a.high < b.high : a.low < b.low; }

/// Not-a-number stands outside of the infinities, and so of any range.
PORTWIRE_NOINLINE inline bool isBetween(const Words& value, const Words& smallest, const Words& largest) {
  const Words place = ordered(value);
  return !isBelow(place, ordered(smallest)) && !isBelow(ordered(largest), place);
}

template <class T, class Limits> struct IsInRange {
  static bool check(const T& value) { return isBetween(value, Limits::smallest(), Limits::largest()); }
};
template <class Limits> struct IsInRange<Float64, Limits> {
  static bool check(const Float64& value) { return isBetween(wordsOf(value), Limits::smallest(), Limits::largest()); }
};

template <class T, class Limits> struct Wire<InRange<T, Limits>> {
  static constexpr size_t kBytes = Wire<T>::kBytes;
  static Status read(Reader& reader, T* value) {
    const Status status = Wire<T>::read(reader, value);
    return status == Status::kOk && !IsInRange<T, Limits>::check(*value) ? Status::kOutOfRange : status;
  }
};

}  // namespace detail
}  // namespace portwire

#endif
