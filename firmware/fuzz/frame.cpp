// Any bytes as they come off a line, as frames and as packets, and every kind of value from their contents.
#include "../probe/verdict.h"
#include "check.h"

using namespace portwire;

namespace {

/// A line that is its own other end.
struct Loop {
  Frames::Receiver<56> receiver;
  Received last = Received::kNothing;
  void write(uint8_t byte) { last = receiver.push(byte); }
  void commit() {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  Frames::Receiver<56> frames;
  Packets::Receiver<56> packets;
  for (size_t i = 0; i < bytes; ++i) {
    if (frames.push(data[i]) == Received::kMessage) {
      const size_t length = frames.contentBytes();
      FUZZ_CHECK(length >= kMessageBytes && length <= 56);
      probe::Hash hash;
      probe::addValues(hash, frames.content() + kMessageBytes, length - kMessageBytes);
      uint8_t buffer[Frames::kBefore + 56 + Frames::kBehind];
      __builtin_memcpy(buffer + Frames::kBefore, frames.content(), length);
      Loop loop;
      Frames::send(loop, buffer, length);
      FUZZ_CHECK(loop.last == Received::kMessage && loop.receiver.contentBytes() == length);
      FUZZ_CHECK(__builtin_memcmp(loop.receiver.content(), frames.content(), length) == 0);
    }
    if (packets.push(data[i]) == Received::kMessage)
      FUZZ_CHECK(packets.contentBytes() >= kMessageBytes && packets.contentBytes() <= 56);
  }
  // Whatever came before: a delimiter ends it, and the next frame is taken. TICK under token 2.
  const uint8_t tick[] = {0x00, 0x01, 0x06, 0x02, 0xF1, 0x02, 0xA4, 0x0F, 0x00};
  Received last = Received::kNothing;
  for (uint8_t byte : tick) last = frames.push(byte);
  FUZZ_CHECK(last == Received::kMessage && frames.contentBytes() == 2);
  return 0;
}
