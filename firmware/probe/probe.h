// The library's framing and codec, to be asked from outside: the same tables are put to them on a computer and on a chip.
//
//   question:  what u8 | maximum of content u16 | length u16 | bytes      (numbers big-endian)
//   answer:    pieces, each its length u8 (1 to 255) and its bytes; a length of 0 ends it
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "verdict.h"

namespace probe {

enum class What : uint8_t {
  kReceiveFrames = 'f',   ///< For each event: 0, length u16, content; or 1, reason.
  kReceivePackets = 'p',  ///< The same.
  kSendFrame = 's',       ///< The bytes on the wire.
  kSendPacket = 'q',
  kEcho = 'e',            ///< The value as it was read and written again, and at last a Status; 5: bytes are left over.
  kFrameVerdict = 'v',    ///< A number of 32 bits.
  kValueVerdict = 'w'
};
constexpr uint8_t kLeftOver = 5;
constexpr uint8_t kNoAnswer = 0xEE;

/// `Io` has `uint8_t read()`, which waits, and `void write(uint8_t)`. `kMaxBytes`: the longest question.
template <class Io, size_t kMaxBytes> class Probe {
 public:
  explicit Probe(Io& io) : io_(io) {}

  void answer() {
    const What what = static_cast<What>(io_.read());
    const uint16_t most = readNumber();
    const uint16_t bytes = readNumber();
    for (uint16_t i = 0; i < bytes; ++i) {
      const uint8_t byte = io_.read();
      if (i < kMaxBytes) buffer_[kRoom + i] = byte;
    }
    if (bytes > kMaxBytes)
      put(kNoAnswer);
    else
      run(what, most, bytes);
    flush();
    io_.write(0);
  }

  // A Line of a Framing: what is sent goes into the answer.
  void write(uint8_t byte) { put(byte); }
  void commit() {}

 private:
  static constexpr size_t kRoom = 2;  ///< Before and behind a content that is sent.

  void run(What what, uint16_t most, uint16_t bytes) {
    uint8_t* const data = buffer_ + kRoom;
    switch (what) {
      case What::kReceiveFrames: return receive<portwire::Frames>(most, data, bytes);
      case What::kReceivePackets: return receive<portwire::Packets>(most, data, bytes);
      case What::kSendFrame: return portwire::Frames::send(*this, buffer_, bytes);
      case What::kSendPacket: return portwire::Packets::send(*this, buffer_, bytes);
      case What::kEcho: return echo(data, bytes);
      case What::kFrameVerdict: return putNumber(frameVerdict(data, bytes));
      case What::kValueVerdict: return putNumber(valueVerdict(data, bytes));
    }
    put(kNoAnswer);
  }

  template <class Framing> void receive(uint16_t most, const uint8_t* data, uint16_t bytes) {
    if (most == 56) return receiveUpTo<typename Framing::template Receiver<56>>(data, bytes);
    if (most == 300) return receiveUpTo<typename Framing::template Receiver<300>>(data, bytes);
    if (most == 600) return receiveUpTo<typename Framing::template Receiver<600>>(data, bytes);
    put(kNoAnswer);
  }

  template <class Receiver> PORTWIRE_NOINLINE void receiveUpTo(const uint8_t* data, uint16_t bytes) {
    Receiver receiver;
    for (uint16_t i = 0; i < bytes; ++i) {
      const portwire::Received received = receiver.push(data[i]);
      if (received == portwire::Received::kDropped) {
        put(1);
        put(static_cast<uint8_t>(receiver.drop()));
      } else if (received == portwire::Received::kMessage) {
        const size_t length = receiver.contentBytes();
        put(0);
        put(static_cast<uint8_t>(length >> 8));
        put(static_cast<uint8_t>(length & 0xFF));
        putAll(receiver.content(), length);
      }
    }
  }

  /// One value, arrays with all that is in them, read by its own type and written as the library writes it.
  PORTWIRE_NOINLINE void echo(const uint8_t* data, uint16_t bytes) {
    portwire::Reader reader(data, bytes);
    portwire::Status status = portwire::Status::kOk;
    uint8_t room[300];
    for (uint32_t waiting = 1; waiting != 0 && status == portwire::Status::kOk; --waiting) {
      portwire::Writer writer(room, sizeof room);
      uint16_t items = 0;
      status = reader.atEnd() ? portwire::Status::kTruncated : copyOne(reader, writer, &items);
      waiting += items;
      if (status == portwire::Status::kOk) putAll(room, writer.bytes());
    }
    put(status == portwire::Status::kOk && !reader.atEnd() ? kLeftOver : static_cast<uint8_t>(status));
  }

  /// Asks for one type after the other. What a reader refuses it leaves, but for an integer out of range: so those get a copy.
  static portwire::Status copyOne(portwire::Reader& reader, portwire::Writer& writer, uint16_t* items) {
    using portwire::Status;
    if (reader.takeNil()) {
      writer.writeNil();
      return Status::kOk;
    }
    bool flag = false;
    Status status = reader.readBool(&flag);
    if (status == Status::kOk) writer.writeBool(flag);
    if (status != Status::kWrongType) return status;
    const char* text = nullptr;
    size_t length = 0;
    status = reader.readText(&text, &length);
    if (status == Status::kOk) writer.writeText(text, length);
    if (status != Status::kWrongType) return status;
    const uint8_t* content = nullptr;
    status = reader.readBytes(&content, &length);
    if (status == Status::kOk) writer.writeBytes(content, length);
    if (status != Status::kWrongType) return status;
    status = reader.readArray(items);
    if (status == Status::kOk) writer.writeArray(*items);
    if (status != Status::kWrongType) return status;
    const portwire::Reader before = reader;
    uint32_t whole = 0;
    status = reader.readUnsigned(&whole, 0xFFFFFFFF);
    if (status == Status::kOk) writer.writeUnsigned(whole);
    if (status == Status::kOutOfRange) {
      reader = before;
      int32_t negative = 0;
      status = reader.readSigned(&negative, 0x7FFFFFFF);
      if (status == Status::kOk) writer.writeSigned(negative);
    }
    if (status != Status::kWrongType) return status;
    float number = 0;
    status = reader.readFloat(&number);
    if (status == Status::kOk) writer.writeFloat(number);
    return status;
  }

  uint16_t readNumber() {
    const uint8_t high = io_.read();
    return static_cast<uint16_t>((high << 8) | io_.read());
  }
  void put(uint8_t byte) {
    piece_[pieceBytes_++] = byte;
    if (pieceBytes_ == sizeof piece_) flush();
  }
  void putAll(const uint8_t* data, size_t bytes) {
    while (bytes--) put(*data++);
  }
  void putNumber(uint32_t number) {
    for (uint8_t shift = 32; shift != 0;) put(static_cast<uint8_t>((number >> (shift = static_cast<uint8_t>(shift - 8))) & 0xFF));
  }
  void flush() {
    if (pieceBytes_ == 0) return;
    io_.write(pieceBytes_);
    for (uint8_t i = 0; i < pieceBytes_; ++i) io_.write(piece_[i]);
    pieceBytes_ = 0;
  }

  Io& io_;
  uint8_t pieceBytes_ = 0;
  uint8_t piece_[32];
  uint8_t buffer_[kRoom + kMaxBytes + kRoom];
};

}  // namespace probe

#endif
