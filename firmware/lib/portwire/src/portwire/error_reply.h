// What an ERROR says: its number, and which argument is to blame.
#ifndef PORTWIRE_ERROR_REPLY_H
#define PORTWIRE_ERROR_REPLY_H

#include "msgpack_writer.h"

namespace portwire {
namespace detail {

/// A flag of badArgument: the argument is a number, and too small or too large.
constexpr uint8_t kOutOfRange = 0x80;

/// [code], and where an argument is to blame [code, "argument 2"], counted from 1: the host's contract has its name. Where the
/// contract has ranges, a number that is too small or too large is "argument 2 out of range".
template <class Contract> inline void writeError(Writer& reply, uint8_t error, uint8_t badArgument) {
  const bool isRange = Contract::kHasRanges && (badArgument & kOutOfRange) != 0;
  uint8_t place = Contract::kHasRanges ? static_cast<uint8_t>(badArgument & ~kOutOfRange) : badArgument;
  reply.writeArray(place == 0 ? 1 : 2);
  reply.writeUnsigned(error);
  if (place == 0) return;
  PORTWIRE_FLASH_TEXT(kArgument, "argument ");
  PORTWIRE_FLASH_TEXT(kRange, " out of range");
  uint8_t tens = 0;
  if (Contract::kMaxArguments > 9)
    for (; place > 9; place = static_cast<uint8_t>(place - 10)) ++tens;
  const size_t bytes = sizeof kArgument + (tens != 0 ? 1 : 0) + (isRange ? sizeof kRange - 1 : 0);
  reply.writeByte(static_cast<uint8_t>(0xA0 | bytes));
  reply.writeFlashChars(kArgument);
  if (tens != 0) reply.writeByte(static_cast<uint8_t>('0' + tens));
  reply.writeByte(static_cast<uint8_t>('0' + place));
  if (isRange) reply.writeFlashChars(kRange);
}

}  // namespace detail
}  // namespace portwire

#endif
