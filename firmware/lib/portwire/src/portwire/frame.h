// Frames for a noisy line: 0x00 | COBS(length u16 BE | content | CRC-16 LE) | 0x00.
#ifndef PORTWIRE_FRAME_H
#define PORTWIRE_FRAME_H

#include "crc16.h"
#include "protocol.h"
#include "received.h"

namespace portwire {

/// Bytes on the wire for `contentBytes` of content, at most: delimiters, length, CRC, and one COBS code for every 254 bytes begun.
constexpr size_t frameBytes(size_t contentBytes) {
  return 2 + kLengthBytes + contentBytes + kCrcBytes + (kLengthBytes + contentBytes + kCrcBytes + 253) / 254;
}
static_assert(frameBytes(56) == 63, "56 bytes of content fill the 63 bytes of an Arduino's receive ring");

/// The framing of a UART.
struct Frames {
  /// Bytes of room that a message leaves before its content, for the length.
  static constexpr size_t kBefore = kLengthBytes;
  /// Bytes of room behind its content, for the CRC.
  static constexpr size_t kBehind = kCrcBytes;
  /// Noise may cost a frame, so that what is not answered is sent again.
  static constexpr bool lossless() { return false; }

  /// Takes the line byte by byte. CRC and COBS are done while bytes arrive, so that little is left to do at the closing delimiter.
  /// `kMaxContentBytes` is the longest content taken. RAM: kMaxContentBytes + 12. Time: constant a byte, below 100 cycles on AVR.
  template <size_t kMaxContentBytes> class Receiver {
   public:
    /// Takes one byte, and says what it completed. Of a frame that is too long only the end is looked for.
    Received push(uint8_t byte) {
      if (byte == 0) return delimiter();
      if (left_ != 0) {
        --left_;
        store(byte);
        return Received::kNothing;
      }
      if (!inFrame_) {
        inFrame_ = true;
        zeroOwed_ = false;
        overflowed_ = false;
        count_ = 0;
        crc_ = detail::kCrcStart;
      }
      if (zeroOwed_) store(0);
      zeroOwed_ = byte != 0xFF;
      left_ = static_cast<uint8_t>(byte - 1);
      return Received::kNothing;
    }

    uint8_t* content() { return buffer_ + kBefore; }  ///< Of the last kMessage: action, token, value.
    size_t contentBytes() const { return static_cast<size_t>(count_ - kBefore - kBehind); }  ///< Its bytes.
    Drop drop() const { return drop_; }  ///< Why the last kDropped was dropped.
    /// Never: the next delimiter ends whatever came before.
    static constexpr bool failed() { return false; }
    /// True between a frame's first byte and its closing delimiter.
    bool inMessage() const { return inFrame_; }
    /// Forgets half a frame.
    void reset() {
      inFrame_ = false;
      left_ = 0;
    }

   private:
    static constexpr size_t kCapacity = kBefore + kMaxContentBytes + kBehind;
    static_assert(kCapacity <= 0xFFFF, "a frame's content is at most 65,531 bytes");
    typedef typename detail::SmallestCount<(kCapacity <= 0xFF)>::Type Count;

    void store(uint8_t byte) {
      crc_ = detail::crcAdd(crc_, byte);
      if (count_ < kCapacity)
        buffer_[count_++] = byte;
      else
        overflowed_ = true;
    }

    Received delimiter() {
      if (!inFrame_) return Received::kNothing;
      const bool chainOpen = left_ != 0;
      reset();
      if (overflowed_) return dropped(Drop::kOversize);
      if (chainOpen) return dropped(Drop::kCobs);
      if (count_ < kBefore + kBehind) return dropped(Drop::kLength);
      const uint16_t declared = static_cast<uint16_t>((static_cast<unsigned>(buffer_[0]) << 8) | buffer_[1]);
      if (declared != contentBytes()) return dropped(Drop::kLength);
      if (crc_ != detail::kCrcResidue) return dropped(Drop::kCrc);
      if (declared < kMessageBytes) return dropped(Drop::kShort);
      return Received::kMessage;
    }

    Received dropped(Drop reason) {
      drop_ = reason;
      return Received::kDropped;
    }

    uint16_t crc_ = 0;
    Count count_ = 0;   ///< Decoded bytes.
    uint8_t left_ = 0;  ///< Bytes before the next COBS code.
    bool inFrame_ = false;
    bool zeroOwed_ = false;  ///< The next code stands for a zero before it.
    bool overflowed_ = false;
    Drop drop_ = Drop::kCobs;
    uint8_t buffer_[kCapacity] = {};
  };

  /// Sends the content that stands in `buffer` behind kBefore bytes. The opening delimiter leaves before the CRC is computed.
  template <class Line> static void send(Line& line, uint8_t* buffer, size_t contentBytes) {
    line.write(0);
    buffer[0] = static_cast<uint8_t>(contentBytes >> 8);
    buffer[1] = static_cast<uint8_t>(contentBytes & 0xFF);
    uint8_t* end = buffer + kBefore + contentBytes;
    const uint16_t crc = crc16(buffer, kBefore + contentBytes);
    *end++ = static_cast<uint8_t>(crc & 0xFF);
    *end++ = static_cast<uint8_t>(crc >> 8);
    const uint8_t* from = buffer;
    for (;;) {
      const uint8_t* to = from;
      uint8_t code = 1;
      while (to != end && *to != 0 && code != 0xFF) {
        ++to;
        ++code;
      }
      line.write(code);
      while (from != to) line.write(*from++);
      if (to == end) break;
      if (code != 0xFF) ++from;  // the zero that the next code stands for
    }
    line.write(0);
    line.commit();
  }
};

}  // namespace portwire

#endif
