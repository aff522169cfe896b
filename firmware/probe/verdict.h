// What the decoders make of any bytes, as one number: the same on every machine, or one of them is wrong.
#ifndef PROBE_VERDICT_H
#define PROBE_VERDICT_H

#include <portwire.h>

namespace probe {

/// FNV-1a, 32 bits: offset basis and prime of http://www.isthe.com/chongo/tech/comp/fnv.
class Hash {
 public:
  void add(uint8_t byte) { value_ = (value_ ^ byte) * 16777619u; }
  void add(const uint8_t* data, size_t bytes) {
    while (bytes--) add(*data++);
  }
  void addNumber(uint32_t number) {
    for (uint8_t shift = 0; shift < 32; shift = static_cast<uint8_t>(shift + 8)) add(static_cast<uint8_t>((number >> shift) & 0xFF));
  }
  uint32_t value() const { return value_; }

 private:
  uint32_t value_ = 2166136261u;
};

inline void addStatus(Hash& hash, const portwire::Reader& reader, portwire::Status status) {
  hash.add(static_cast<uint8_t>(status));
  hash.add(reader.atEnd());
}

/// Every kind of value from the same bytes, and what each reader says.
inline void addValues(Hash& hash, const uint8_t* data, size_t bytes) {
  using portwire::Reader;
  using portwire::Status;
  Status status;
  {
    Reader reader(data, bytes);
    hash.add(reader.takeNil());
    bool flag = false;
    addStatus(hash, reader, status = reader.readBool(&flag));
    if (status == Status::kOk) hash.add(flag);
  }
  {
    Reader reader(data, bytes);
    uint32_t number = 0;
    addStatus(hash, reader, reader.readUnsigned(&number, 0xFFFFFFFF));
    hash.addNumber(number);
  }
  {
    Reader reader(data, bytes);
    int32_t number = 0;
    addStatus(hash, reader, reader.readSigned(&number, 0x7FFF));
    hash.addNumber(static_cast<uint32_t>(number));
  }
  {
    Reader reader(data, bytes);
    float number = 0;
    addStatus(hash, reader, reader.readFloat(&number));
    uint32_t bits;
    __builtin_memcpy(&bits, &number, sizeof bits);
    hash.addNumber(bits);
  }
  {
    Reader reader(data, bytes);
    const char* text = nullptr;
    size_t length = 0;
    addStatus(hash, reader, reader.readText(&text, &length));
    hash.add(reinterpret_cast<const uint8_t*>(text), length);
  }
  {
    Reader reader(data, bytes);
    const uint8_t* content = nullptr;
    size_t length = 0;
    addStatus(hash, reader, reader.readBytes(&content, &length));
    hash.add(content, length);
  }
  {
    Reader reader(data, bytes);
    uint16_t items = 0;
    addStatus(hash, reader, reader.readArray(&items));
    hash.addNumber(items);
  }
}

/// The frames in these bytes as they come off a line, with the values in their contents.
inline uint32_t frameVerdict(const uint8_t* data, size_t bytes) {
  portwire::Frames::Receiver<56> receiver;
  Hash hash;
  for (size_t i = 0; i < bytes; ++i) {
    const portwire::Received received = receiver.push(data[i]);
    if (received == portwire::Received::kNothing) continue;
    hash.add(static_cast<uint8_t>(received));
    if (received == portwire::Received::kDropped) {
      hash.add(static_cast<uint8_t>(receiver.drop()));
      continue;
    }
    hash.add(receiver.content(), receiver.contentBytes());
    addValues(hash, receiver.content() + portwire::kMessageBytes, receiver.contentBytes() - portwire::kMessageBytes);
  }
  hash.add(receiver.inMessage());
  return hash.value();
}

inline uint32_t valueVerdict(const uint8_t* data, size_t bytes) {
  Hash hash;
  addValues(hash, data, bytes);
  return hash.value();
}

}  // namespace probe

#endif
