// Several values of one type: what `{ array: 'u16', maxItems: 8 }` of a contract is in C++.
#ifndef PORTWIRE_ARRAY_H
#define PORTWIRE_ARRAY_H

#include "values.h"

namespace portwire {

/// Up to `kMaxItems` values of one type `T`, kept in place: RAM: kMaxItems * sizeof(T) + 1, or + 2 from 256 items on.
/// A handler is given `const Array<T, kMaxItems>&`, valid until it returns; texts and bytes in it are views.
template <class T, size_t kMaxItems> class Array {
  static_assert(kMaxItems >= 1 && kMaxItems <= 0xFFFF, "an array has room for 1 to 65,535 items");

 public:
  static constexpr size_t kCapacity = kMaxItems;  ///< The most items that it holds.

  Array() : count_(0), items_() {}
  /// The items of an ordinary array: `Array<uint16_t, 8>(samples)`.
  template <size_t kItems> explicit Array(const T (&items)[kItems]) : count_(kItems), items_() {
    static_assert(kItems <= kMaxItems, "more items than the contract allows");
    for (size_t i = 0; i < kItems; ++i) items_[i] = items[i];
  }

  size_t size() const { return count_; }  ///< Items that it holds now.
  bool empty() const { return count_ == 0; }  ///< No item.
  bool full() const { return count_ == kMaxItems; }  ///< No room for another item.

  /// The item at `index`, counted from 0. There is no item behind the last one: it comes out as zero, never as what memory holds.
  T operator[](size_t index) const { return index < count_ ? items_[index] : T(); }
  /// False, and nothing is changed, when there is no item at `index`.
  PORTWIRE_MUST_USE bool set(size_t index, const T& item) {
    if (index >= count_) return false;
    items_[index] = item;
    return true;
  }
  /// Puts an item behind the last one. False, and nothing is changed, when the array is full.
  PORTWIRE_MUST_USE bool push(const T& item) {
    if (full()) return false;
    items_[count_++] = item;
    return true;
  }
  void clear() { count_ = 0; }  ///< Takes all items out.

  const T* begin() const { return items_; }  ///< The first item, for `for (uint16_t item : items)`.
  const T* end() const { return items_ + count_; }  ///< Behind the last item.

 private:
  typename detail::SmallestCount<(kMaxItems < 256)>::Type count_;
  T items_[kMaxItems];
};

namespace detail {

/// An array's items follow its head. More of them than the contract allows are kTooLarge, before one is read.
template <class T, size_t kMaxItems> struct Wire<Array<T, kMaxItems>> {
  static constexpr size_t kBytes = plusBytes(headBytes(kMaxItems), timesBytes(kMaxItems, Wire<T>::kBytes));
  static Status read(Reader& reader, Array<T, kMaxItems>* array) {
    uint16_t count = 0;
    Status status = reader.readArray(&count);
    if (status == Status::kOk && count > kMaxItems) status = Status::kTooLarge;
    array->clear();
    while (status == Status::kOk && array->size() < count) {
      T item = T();
      status = Wire<T>::read(reader, &item);
      if (status == Status::kOk && !array->push(item)) status = Status::kTooLarge;
    }
    return status;
  }
  static void write(Writer& writer, const Array<T, kMaxItems>& array) {
    writer.writeArray(static_cast<uint16_t>(array.size()));
    for (const T& item : array) Wire<T>::write(writer, item);
  }
};

/// By reference: a copy would cost the stack as much again.
template <class T, size_t kMaxItems> struct Parameter<Array<T, kMaxItems>> {
  typedef Array<T, kMaxItems> Value;
  typedef const Array<T, kMaxItems>& Type;
};

}  // namespace detail
}  // namespace portwire

#endif
