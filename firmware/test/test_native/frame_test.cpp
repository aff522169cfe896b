#include "support.h"
#include "vectors.h"

#include <memory>
#include <random>

using namespace portwire;

namespace {

const char* nameOf(Drop reason) {
  static const char* const names[] = {"cobs", "length", "crc", "oversize", "short"};
  return names[static_cast<uint8_t>(reason)];
}

/// What a receiver makes of these bytes: "=content" and "!reason", a space between them.
template <class Framing, size_t kMaxContentBytes> std::string received(const Content& wire) {
  typedef typename Framing::template Receiver<kMaxContentBytes> Receiver;
  const std::unique_ptr<Receiver> receiver(new Receiver);
  std::string events;
  for (uint8_t byte : wire) {
    const Received result = receiver->push(byte);
    if (result == Received::kNothing) continue;
    events += events.empty() ? "" : " ";
    if (result == Received::kMessage)
      events += "=" + toHex(receiver->content(), receiver->contentBytes());
    else
      events += std::string("!") + nameOf(receiver->drop());
  }
  return events;
}

template <class Framing> std::string received(const Content& wire, unsigned maxContentBytes) {
  switch (maxContentBytes) {
    case 56: return received<Framing, 56>(wire);
    case 300: return received<Framing, 300>(wire);
    case 600: return received<Framing, 600>(wire);
    case 1000: return received<Framing, 1000>(wire);
    case 4096: return received<Framing, 4096>(wire);
    case 65535: return received<Framing, 65000>(wire);
    default: FAIL("no receiver for " << maxContentBytes << " bytes in this test"); return "";
  }
}

/// Only the events that begin with `kind`.
std::string only(char kind, const std::string& events) {
  std::string kept;
  for (size_t from = 0; from < events.size();) {
    const size_t to = std::min(events.find(' ', from), events.size());
    if (events[from] == kind) kept += (kept.empty() ? "" : " ") + events.substr(from, to - from);
    from = to + 1;
  }
  return kept;
}

const Content kGood = fromHex("030791ca41ac0000");

}  // namespace

TEST_CASE("frames are sent as the shared vectors say") {
  REQUIRE(kFramesSent[0].name != nullptr);
  for (const SendVector* row = kFramesSent; row->name; ++row) {
    CAPTURE(row->name);
    const Content content = fromHex(row->content);
    CHECK(toHex(framed<Frames>(content)) == row->wire);
    CHECK(framed<Frames>(content).size() <= frameBytes(content.size()));
  }
}

TEST_CASE("frames are received as the shared vectors say") {
  REQUIRE(kFramesReceived[0].name != nullptr);
  for (const ReceiveVector* row = kFramesReceived; row->name; ++row) {
    CAPTURE(row->name);
    const std::string expected = row->events;
    const std::string got = received<Frames>(fromHex(row->wire), row->maxContentBytes);
    CHECK(only('=', got) == only('=', expected));
    // Where the host reads console text, the device counts a drop of one reason or another; it knows no lines and no silence.
    if (expected.find('?') == std::string::npos) CHECK(only('!', got) == only('!', expected));
  }
}

TEST_CASE("before a good frame every vector costs that frame nothing") {
  for (const ReceiveVector* row = kFramesReceived; row->name; ++row) {
    CAPTURE(row->name);
    Content wire = fromHex(row->wire);
    const Content good = framed<Frames>(kGood);
    wire.insert(wire.end(), good.begin(), good.end());
    const std::string contents = only('=', received<Frames>(wire, row->maxContentBytes));
    const std::string tail = "=" + toHex(kGood);
    REQUIRE(contents.size() >= tail.size());
    CHECK(contents.substr(contents.size() - tail.size()) == tail);
  }
}

TEST_CASE("a proper prefix of a frame completes nothing") {
  const Content wire = framed<Frames>(kGood);
  for (size_t bytes = 0; bytes < wire.size(); ++bytes) {
    CHECK(received<Frames, 56>(Content(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(bytes))) == "");
  }
}

TEST_CASE("content of one byte less than the maximum, of the maximum, and of one more") {
  for (size_t bytes : {55u, 56u, 57u, 58u, 120u}) {
    CAPTURE(bytes);
    Content wire = framed<Frames>(Content(bytes, 0x5A));
    const Content good = framed<Frames>(kGood);
    wire.insert(wire.end(), good.begin(), good.end());
    const std::string first = bytes > 56 ? "!oversize" : "=" + toHex(Content(bytes, 0x5A));
    CHECK(received<Frames, 56>(wire) == first + " =" + toHex(kGood));
  }
}

TEST_CASE("a frame longer than the buffer writes nothing behind it") {
  struct {
    Frames::Receiver<56> receiver;
    uint8_t canary[64];
  } memory;
  for (uint8_t& byte : memory.canary) byte = 0xA5;
  for (uint8_t byte : framed<Frames>(Content(4000, 0xFF))) {
    const Received result = memory.receiver.push(byte);
    CHECK(result != Received::kMessage);
  }
  for (uint8_t byte : memory.canary) CHECK(byte == 0xA5);
}

TEST_CASE("more bytes without a delimiter than the counter holds are one oversize, and the next frame is good") {
  Content wire(70000, 0x81);
  const Content good = framed<Frames>(kGood);
  wire.insert(wire.end(), good.begin(), good.end());
  CHECK(received<Frames, 56>(wire) == "!oversize =" + toHex(kGood));
}

TEST_CASE("packets are sent as the shared vectors say") {
  REQUIRE(kPacketsSent[0].name != nullptr);
  for (const SendVector* row = kPacketsSent; row->name; ++row) {
    CAPTURE(row->name);
    const Content content = fromHex(row->content);
    CHECK(toHex(framed<Packets>(content)) == row->wire);
    CHECK(framed<Packets>(content).size() == packetBytes(content.size()));
  }
}

TEST_CASE("packets are received as the shared vectors say: after a length that is too long, nothing") {
  REQUIRE(kPacketsReceived[0].name != nullptr);
  for (const ReceiveVector* row = kPacketsReceived; row->name; ++row) {
    CAPTURE(row->name);
    const std::string expected = row->events;
    const std::string got = received<Packets>(fromHex(row->wire), row->maxContentBytes);
    // Content without action and token is a packet to the host, and a drop to the device.
    std::string usable;
    for (size_t from = 0; from < expected.size();) {
      const size_t to = std::min(expected.find(' ', from), expected.size());
      const std::string event = expected.substr(from, to - from);
      usable += (usable.empty() ? "" : " ") + (event[0] == '=' && event.size() < 5 ? std::string("!short") : event);
      from = to + 1;
    }
    CHECK(got == usable);
  }
}

TEST_CASE("a packet of the maximum passes; after a length of one byte more nothing is taken, until reset()") {
  for (size_t bytes : {55u, 56u, 57u, 65535u}) {
    CAPTURE(bytes);
    Content wire = framed<Packets>(Content(bytes, 0x5A));
    const Content good = framed<Packets>(kGood);
    wire.insert(wire.end(), good.begin(), good.end());
    const std::string passed = "=" + toHex(Content(bytes, 0x5A)) + " =" + toHex(kGood);
    CHECK(received<Packets, 56>(wire) == (bytes > 56 ? "!oversize" : passed));
  }
  Packets::Receiver<56> receiver;
  CHECK(receiver.push(0) == Received::kNothing);
  CHECK_FALSE(receiver.failed());
  CHECK(receiver.push(57) == Received::kDropped);
  CHECK(receiver.failed());
  for (uint8_t byte : framed<Packets>(kGood)) CHECK(receiver.push(byte) == Received::kNothing);
  receiver.reset();
  CHECK_FALSE(receiver.failed());
  size_t messages = 0;
  for (uint8_t byte : framed<Packets>(kGood)) messages += receiver.push(byte) == Received::kMessage;
  CHECK(messages == 1);
}

TEST_CASE("a receiver holds part of a message from its first byte to its last") {
  Packets::Receiver<56> packets;
  Frames::Receiver<56> frames;
  const Content bare = framed<Packets>(kGood);
  const Content frame = framed<Frames>(kGood);
  CHECK_FALSE(packets.inMessage());
  CHECK_FALSE(frames.inMessage());
  for (size_t at = 0; at < bare.size(); ++at) {
    packets.push(bare[at]);
    CHECK(packets.inMessage() == (at + 1 < bare.size()));
  }
  for (size_t at = 0; at < frame.size(); ++at) {
    frames.push(frame[at]);
    CHECK(frames.inMessage() == (at > 0 && at + 1 < frame.size()));
  }
}

TEST_CASE("F10: a lost, doubled, inserted or flipped byte at any place costs the frames it touched and no other") {
  const unsigned seed = 20240607;
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto byte = [&random] { return static_cast<uint8_t>(random() & 0xFF); };

  std::vector<Content> contents;
  Content wire;
  std::vector<size_t> ends;  // of each frame, its closing delimiter included
  for (uint8_t i = 0; i < 10; ++i) {
    Content content = {i, static_cast<uint8_t>(i + 1)};
    for (unsigned long n = random() % 40; n != 0; --n) content.push_back(random() % 4 ? byte() : 0);
    const Content frame = framed<Frames>(content);
    contents.push_back(content);
    wire.insert(wire.end(), frame.begin(), frame.end());
    ends.push_back(wire.size());
  }

  enum Fault { kLost, kDoubled, kInserted, kFlipped };
  for (Fault fault : {kLost, kDoubled, kInserted, kFlipped}) {
    for (size_t at = 0; at < wire.size(); ++at) {
      for (int variant = 0; variant < (fault == kFlipped ? 8 : fault == kInserted ? 4 : 1); ++variant) {
        Content damaged = wire;
        const auto place = damaged.begin() + static_cast<std::ptrdiff_t>(at);
        const uint8_t original = *place;
        if (fault == kLost) damaged.erase(place);
        if (fault == kDoubled) damaged.insert(place, original);
        if (fault == kInserted) damaged.insert(place, variant == 0 ? uint8_t(0) : byte());
        if (fault == kFlipped) *place = static_cast<uint8_t>(original ^ (1 << variant));
        size_t touched = 0;
        while (at >= ends[touched]) ++touched;
        const size_t begin = touched == 0 ? 0 : ends[touched - 1];
        // A byte put before the opening delimiter, or that delimiter itself, touches no frame but may touch the gap.
        std::string expected;
        std::string expectedAll;
        for (size_t i = 0; i < contents.size(); ++i) {
          const std::string event = "=" + toHex(contents[i]);
          expectedAll += (expectedAll.empty() ? "" : " ") + event;
          if (i != touched) expected += (expected.empty() ? "" : " ") + event;
        }
        const std::string got = only('=', received<Frames, 300>(damaged));
        CAPTURE(fault);
        CAPTURE(at);
        CAPTURE(begin);
        const bool good = got == expected || got == expectedAll;
        CHECK(good);
      }
    }
  }
}

TEST_CASE("random garbage between frames is never content, and costs no frame") {
  const unsigned seed = 7;
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const Content good = framed<Frames>(kGood);
  Frames::Receiver<56> receiver;
  int messages = 0;
  int wrong = 0;
  for (int round = 0; round < 20000; ++round) {
    Content wire;
    for (unsigned long n = random() % 80; n != 0; --n) wire.push_back(static_cast<uint8_t>(random() & 0xFF));
    wire.insert(wire.end(), good.begin(), good.end());
    for (uint8_t byte : wire) {
      if (receiver.push(byte) != Received::kMessage) continue;
      ++messages;
      if (toHex(receiver.content(), receiver.contentBytes()) != toHex(kGood)) ++wrong;
    }
  }
  CHECK(messages == 20000);
  CHECK(wrong == 0);
}
