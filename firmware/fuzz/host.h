// The host's end of a fuzzed line: makes frames, and takes apart what the device sent. It is written apart from the library, so
// that an error of the library's framing is not undone by the same error here; and it is quick, so that the time goes into the
// device. What is FUZZ_UNCOUNTED has no counters of libFuzzer's: its branches tell nothing new about the device.
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

#define FUZZ_UNCOUNTED __attribute__((noinline, no_sanitize("coverage")))

namespace fuzz {

/// CRC-16/X-25 by a table, bit by bit after docs/protocol.md: polynomial 0x1021 reflected, initial value and final XOR 0xFFFF.
class Crc {
 public:
  FUZZ_UNCOUNTED Crc() {
    for (unsigned byte = 0; byte < 256; ++byte) {
      unsigned crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x8408 : crc >> 1;
      table_[byte] = static_cast<uint16_t>(crc);
    }
  }
  /// Without sanitizers: who calls it has looked at `bytes`.
  FUZZ_UNCOUNTED __attribute__((no_sanitize("address", "undefined"))) uint16_t of(const uint8_t* data, size_t bytes) const {
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < bytes; ++i) crc = (crc >> 8) ^ table_[(crc ^ data[i]) & 0xFF];
    return static_cast<uint16_t>(crc ^ 0xFFFF);
  }

 private:
  uint16_t table_[256];
};
inline const Crc& crc() {
  static const Crc table;
  return table;
}

constexpr size_t kMaxContentBytes = 128;
/// Length and CRC beside the content; two delimiters and one code of COBS, enough up to 254 bytes.
constexpr size_t kMaxWireBytes = kMaxContentBytes + 4 + 3;

/// Bytes of a frame on the wire.
struct Wire {
  uint8_t bytes[kMaxWireBytes];
  size_t count = 0;
};

/// The frame of a content of up to kMaxContentBytes bytes.
FUZZ_UNCOUNTED inline void encode(const uint8_t* content, size_t bytes, Wire* wire) {
  FUZZ_CHECK(bytes <= kMaxContentBytes);
  uint8_t body[kMaxContentBytes + 4];
  body[0] = 0;
  body[1] = static_cast<uint8_t>(bytes);
  memcpy(body + 2, content, bytes);
  const uint16_t sum = crc().of(body, bytes + 2);
  body[bytes + 2] = static_cast<uint8_t>(sum & 0xFF);
  body[bytes + 3] = static_cast<uint8_t>(sum >> 8);
  uint8_t* const out = wire->bytes;
  out[0] = 0;
  size_t code = 1;
  size_t end = 2;
  for (size_t i = 0; i < bytes + 4; ++i) {
    if (body[i] != 0) {
      out[end++] = body[i];
      continue;
    }
    out[code] = static_cast<uint8_t>(end - code);
    code = end++;
  }
  out[code] = static_cast<uint8_t>(end - code);
  out[end++] = 0;
  wire->count = end;
}

template <size_t kBytes> inline Wire encoded(const uint8_t (&content)[kBytes]) {
  Wire wire;
  encode(content, kBytes, &wire);
  return wire;
}

/// Takes one frame with its two delimiters apart, in its place; every byte of it has to be right. Returns its content.
FUZZ_UNCOUNTED inline const uint8_t* decode(Wire* wire, size_t* contentBytes) {
  uint8_t* const bytes = wire->bytes;
  const size_t last = wire->count - 1;
  FUZZ_CHECK(wire->count >= 8 && bytes[0] == 0 && bytes[last] == 0);
  // Behind each code its bytes stay where they are, and the next code becomes the zero that it stands for.
  for (size_t code = 1; code != last;) {
    const size_t next = code + bytes[code];
    FUZZ_CHECK(bytes[code] != 0 && bytes[code] != 0xFF && next <= last);
    for (size_t i = code + 1; i < next; ++i) FUZZ_CHECK(bytes[i] != 0);
    bytes[code] = 0;
    code = next;
  }
  const uint8_t* const body = bytes + 2;
  const size_t bodyBytes = last - 2;
  const uint16_t sum = crc().of(body, bodyBytes - 2);
  FUZZ_CHECK(body[bodyBytes - 2] == (sum & 0xFF) && body[bodyBytes - 1] == sum >> 8);
  *contentBytes = bodyBytes - 4;
  FUZZ_CHECK(*contentBytes >= 2 && body[0] == 0 && body[1] == *contentBytes);
  return body + 2;
}

}  // namespace fuzz

#endif
