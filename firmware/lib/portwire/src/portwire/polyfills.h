// What C++11 or a compiler without libstdc++ (AVR) lacks. Nothing here knows the protocol.
#ifndef PORTWIRE_POLYFILLS_H
#define PORTWIRE_POLYFILLS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__AVR__)
#include <avr/pgmspace.h>
#endif

/// On every function whose failure nobody else would notice; C++11 has no [[nodiscard]]. `portwire::ignore(...)` drops a result on
/// purpose: GCC does not take a cast to void for that.
#define PORTWIRE_MUST_USE __attribute__((warn_unused_result))
/// One copy in flash however often it is called: -Os alone inlines what -flto then repeats.
#define PORTWIRE_NOINLINE __attribute__((noinline))

/// A text that stays in flash on AVR, where an ordinary literal would be copied to RAM at start:
/// `PORTWIRE_FLASH_TEXT(kName, "greenhouse");`
#if defined(__AVR__)
#define PORTWIRE_FLASH_TEXT(name, literal) static const char name[] __attribute__((__progmem__)) = literal
#else
#define PORTWIRE_FLASH_TEXT(name, literal) static constexpr char name[] = literal
#endif

namespace portwire {

/// Drops the result of a PORTWIRE_MUST_USE function on purpose.
template <class T> inline void ignore(const T&) {}

namespace detail {

/// Reads a byte of a PORTWIRE_FLASH_TEXT.
inline char flashChar(const char* text) {
#if defined(__AVR__)
  return static_cast<char>(pgm_read_byte(text));
#else
  return *text;
#endif
}

/// Keeps a parameter out of template argument deduction, so that a lambda converts to the function pointer wanted.
template <class T> struct Identity { typedef T type; };

/// A counter in one byte where that is enough: on AVR it is also faster.
template <bool kByte> struct SmallestCount { typedef uint16_t Type; };
template <> struct SmallestCount<true> { typedef uint8_t Type; };

}  // namespace detail
}  // namespace portwire

#endif
