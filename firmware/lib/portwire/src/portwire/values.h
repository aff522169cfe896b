// How the C++ types of a contract stand on the wire: bool, integers of 8 to 32 bits, float, Text, Bytes, and structs of those.
// array.h, wide_values.h and in_range.h have the others.
#ifndef PORTWIRE_VALUES_H
#define PORTWIRE_VALUES_H

#include "msgpack_reader.h"
#include "msgpack_writer.h"

namespace portwire {

constexpr size_t kUnbounded = 0xFFFF;  ///< No longest form.

/// UTF-8 text of at most `kMaxBytes` bytes, not ended by a zero: a view. What a handler is given is valid until it returns.
template <size_t kMaxBytes = kUnbounded> struct Text {
  const char* data;  ///< UTF-8, not ended by a zero.
  size_t bytes;      ///< How many.
};

/// Bytes, at most `kMaxBytes` of them: a view. What a handler is given is valid until it returns.
template <size_t kMaxBytes = kUnbounded> struct Bytes {
  const uint8_t* data;  ///< The bytes.
  size_t bytes;         ///< How many.
};

/// A Text of a string that ends with a zero. What is longer than `kMaxBytes` is cut between two characters.
template <size_t kMaxBytes = kUnbounded> inline Text<kMaxBytes> text(const char* string) {
  size_t bytes = 0;
  for (; string[bytes] != 0; ++bytes) {
    if (bytes < kMaxBytes) continue;
    // A character is not cut in two, or the host could not read the text: UTF-8's continuation bytes are 10xxxxxx.
    while (bytes != 0 && (string[bytes] & 0xC0) == 0x80) --bytes;
    break;
  }
  Text<kMaxBytes> view = {string, bytes};
  return view;
}

namespace detail {

/// What `argument 99` can name: of the arguments of an action, and of the fields of an event.
constexpr size_t kMaxValues = 99;

/// The head of an array.
constexpr size_t headBytes(size_t items) { return items < 16 ? 1 : 3; }
/// Sums and products of bytes that stop at kUnbounded.
constexpr size_t plusBytes(size_t a, size_t b) { return a >= kUnbounded - b ? kUnbounded : a + b; }
constexpr size_t timesBytes(size_t items, size_t bytes) { return bytes > (kUnbounded - 1) / items ? kUnbounded : items * bytes; }

/// How a value of the contract's type T is kept, and how a function takes it.
template <class T> struct Parameter {
  typedef T Value;
  typedef T Type;
};

template <class T> struct UnsignedWire {
  static constexpr size_t kBytes = 1 + sizeof(T);
  static Status read(Reader& reader, T* value) {
    uint32_t wide = 0;
    const Status status = reader.readUnsigned(&wide, static_cast<T>(~static_cast<T>(0)));
    if (status == Status::kOk) *value = static_cast<T>(wide);
    return status;
  }
  static void write(Writer& writer, T value) { writer.writeUnsigned(value); }
};

template <class T, uint32_t kLargest> struct SignedWire {
  static constexpr size_t kBytes = 1 + sizeof(T);
  static Status read(Reader& reader, T* value) {
    int32_t wide = 0;
    const Status status = reader.readSigned(&wide, kLargest);
    if (status == Status::kOk) *value = static_cast<T>(wide);
    return status;
  }
  static void write(Writer& writer, T value) { writer.writeSigned(value); }
};

/// Wire<T>: kBytes, the longest form (kUnbounded if there is none); read(); write().
/// A struct is a result of several values; it has `kFields` and `eachField(visit)`, which calls `visit` with each in its order,
/// and for reading the same once more without const.
template <class T> struct Wire {
  struct Write {
    Writer& writer;
    template <class F> void operator()(const F& field) const { Wire<F>::write(writer, field); }
  };
  struct Read {
    Reader& reader;
    Status& status;
    template <class F> void operator()(F& field) const {
      if (status == Status::kOk) status = Wire<F>::read(reader, &field);
    }
  };
  static constexpr size_t kBytes = kUnbounded;
  static Status read(Reader& reader, T* fields) {
    uint16_t count = 0;
    Status status = reader.readArray(&count);
    if (status == Status::kOk && count != T::kFields) status = Status::kWrongType;
    const Read visit = {reader, status};
    fields->eachField(visit);
    return status;
  }
  static void write(Writer& writer, const T& fields) {
    writer.writeArray(T::kFields);
    const Write visit = {writer};
    fields.eachField(visit);
  }
};

template <> struct Wire<uint8_t> : UnsignedWire<uint8_t> {};
template <> struct Wire<uint16_t> : UnsignedWire<uint16_t> {};
template <> struct Wire<uint32_t> : UnsignedWire<uint32_t> {};
template <> struct Wire<int8_t> : SignedWire<int8_t, 0x7F> {};
template <> struct Wire<int16_t> : SignedWire<int16_t, 0x7FFF> {};
template <> struct Wire<int32_t> : SignedWire<int32_t, 0x7FFFFFFF> {};

template <> struct Wire<bool> {
  static constexpr size_t kBytes = 1;
  static Status read(Reader& reader, bool* value) { return reader.readBool(value); }
  static void write(Writer& writer, bool value) { writer.writeBool(value); }
};

template <> struct Wire<float> {
  static constexpr size_t kBytes = 5;
  static Status read(Reader& reader, float* value) { return reader.readFloat(value); }
  static void write(Writer& writer, float value) { writer.writeFloat(value); }
};

template <size_t kMaxBytes> struct Wire<Text<kMaxBytes>> {
  static constexpr size_t kBytes = plusBytes(kMaxBytes, kMaxBytes < 32 ? 1 : kMaxBytes < 256 ? 2 : 3);
  static Status read(Reader& reader, Text<kMaxBytes>* value) {
    const Status status = reader.readText(&value->data, &value->bytes);
    return status == Status::kOk && value->bytes > kMaxBytes ? Status::kTooLarge : status;
  }
  /// What is longer than the contract allows is cut, as the room was reserved by it.
  static void write(Writer& writer, const Text<kMaxBytes>& value) {
    size_t bytes = value.bytes;
    if (bytes > kMaxBytes)
      for (bytes = kMaxBytes; bytes != 0 && (value.data[bytes] & 0xC0) == 0x80;) --bytes;
    writer.writeText(value.data, bytes);
  }
};

template <size_t kMaxBytes> struct Wire<Bytes<kMaxBytes>> {
  static constexpr size_t kBytes = plusBytes(kMaxBytes, kMaxBytes < 256 ? 2 : 3);
  static Status read(Reader& reader, Bytes<kMaxBytes>* value) {
    const Status status = reader.readBytes(&value->data, &value->bytes);
    return status == Status::kOk && value->bytes > kMaxBytes ? Status::kTooLarge : status;
  }
  static void write(Writer& writer, const Bytes<kMaxBytes>& value) {
    writer.writeBytes(value.data, value.bytes < kMaxBytes ? value.bytes : kMaxBytes);
  }
};

/// Longest form of several values one after the other.
template <class... T> struct EachBytes;
template <> struct EachBytes<> { static constexpr size_t kValue = 0; };
template <class First, class... Rest> struct EachBytes<First, Rest...> {
  static constexpr size_t kValue = plusBytes(Wire<First>::kBytes, EachBytes<Rest...>::kValue);
};

/// Longest form of an array of these by position, its head included.
template <class... T> struct ArrayBytes {
  static constexpr size_t kValue = plusBytes(headBytes(sizeof...(T)), EachBytes<T...>::kValue);
};

inline void writeEach(Writer&) {}
template <class First, class... Rest> inline void writeEach(Writer& writer, const First& first, const Rest&... rest) {
  Wire<First>::write(writer, first);
  writeEach(writer, rest...);
}

/// Values by position, as arguments and events travel; none: nothing at all, which means nil.
template <class... T> inline void writeValues(Writer& writer, const T&... values) {
  static_assert(sizeof...(T) <= kMaxValues, "at most 99 values");
  if (sizeof...(T) == 0) return;
  writer.writeArray(sizeof...(T));
  writeEach(writer, values...);
}

}  // namespace detail
}  // namespace portwire

#endif
