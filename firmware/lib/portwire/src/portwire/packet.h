// Erlang's {packet, 2}: length u16 big-endian, then that many bytes. For lines that lose nothing: pipes, TCP.
#ifndef PORTWIRE_PACKET_H
#define PORTWIRE_PACKET_H

#include "protocol.h"
#include "received.h"

namespace portwire {

/// Bytes on the wire for `contentBytes` of content.
constexpr size_t packetBytes(size_t contentBytes) { return kLengthBytes + contentBytes; }

/// The framing of a lossless byte stream. A length above the maximum is never recovered from, for nothing after it can be trusted:
/// it is told once, and the receiver is deaf from there on.
struct Packets {
  static constexpr size_t kBefore = kLengthBytes;  ///< Bytes of room that a message leaves before its content.
  static constexpr size_t kBehind = 0;             ///< Bytes of room behind its content.
  /// Nothing is sent a second time.
  static constexpr bool lossless() { return true; }

  /// Takes the line byte by byte; `kMaxContentBytes` is the longest content taken. RAM: kMaxContentBytes + 7.
  template <size_t kMaxContentBytes> class Receiver {
   public:
    /// Takes one byte, and says what it completed.
    Received push(uint8_t byte) {
      if (failed_) return Received::kNothing;
      if (headerBytes_ != kLengthBytes) {
        declared_ = static_cast<uint16_t>((static_cast<unsigned>(declared_) << 8) | byte);
        if (++headerBytes_ != kLengthBytes) return Received::kNothing;
        count_ = 0;
        failed_ = declared_ > kMaxContentBytes;
        if (failed_) return dropped(Drop::kOversize);
        return declared_ == 0 ? ended() : Received::kNothing;
      }
      buffer_[count_] = byte;
      return ++count_ == declared_ ? ended() : Received::kNothing;
    }

    uint8_t* content() { return buffer_; }  ///< Of the last kMessage: action, token, value.
    size_t contentBytes() const { return count_; }  ///< Its bytes.
    Drop drop() const { return drop_; }  ///< Why the last kDropped was dropped.
    /// True after a length above the maximum.
    bool failed() const { return failed_; }
    /// True while part of a packet is held, its length included.
    bool inMessage() const { return headerBytes_ != 0; }
    /// Forgets all that came, and listens again.
    void reset() {
      headerBytes_ = 0;
      declared_ = 0;
      failed_ = false;
    }

   private:
    static_assert(kMaxContentBytes <= 0xFFFF, "the length of a packet is 16 bits");

    Received ended() {
      reset();
      if (count_ < kMessageBytes) return dropped(Drop::kShort);
      return Received::kMessage;
    }

    Received dropped(Drop reason) {
      drop_ = reason;
      return Received::kDropped;
    }

    uint16_t declared_ = 0;
    uint16_t count_ = 0;
    uint8_t headerBytes_ = 0;
    bool failed_ = false;
    Drop drop_ = Drop::kOversize;
    uint8_t buffer_[kMaxContentBytes] = {};
  };

  /// Sends the content that stands in `buffer` behind kBefore bytes.
  template <class Line> static void send(Line& line, uint8_t* buffer, size_t contentBytes) {
    buffer[0] = static_cast<uint8_t>(contentBytes >> 8);
    buffer[1] = static_cast<uint8_t>(contentBytes & 0xFF);
    for (const uint8_t* p = buffer; p != buffer + kBefore + contentBytes; ++p) line.write(*p);
    line.commit();
  }
};

}  // namespace portwire

#endif
