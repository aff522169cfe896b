// From a message to a call of the user's function and back: arguments are decoded to the function's own parameter types.
#ifndef PORTWIRE_HANDLER_H
#define PORTWIRE_HANDLER_H

#include "array.h"
#include "in_range.h"
#include "status.h"

namespace portwire {
namespace detail {

typedef void (*AnyFunction)();

inline uint8_t codeOf(ErrorCode code) { return static_cast<uint8_t>(code); }

/// The arguments of a call, read one after the other. The first that cannot be read is remembered, and those after it come out
/// as zeros: one look at the end, and not one an argument, keeps a handler's share of the flash small.
class Arguments {
 public:
  explicit Arguments(const Reader& reader) : reader_(reader) {}

  /// Reads the head of an array of exactly `items` values. No arguments at all may also be nil or nothing.
  PORTWIRE_NOINLINE void open(uint8_t items) {
    if (items == 0 && reader_.takeNil()) return;
    uint16_t count = 0;
    status_ = reader_.readArray(&count);
    if (status_ == Status::kOk && count != items) status_ = Status::kWrongType;
  }

  template <class T> typename Parameter<T>::Value next() {
    typename Parameter<T>::Value value = typename Parameter<T>::Value();
    if (advance()) status_ = Wire<T>::read(reader_, &value);
    return value;
  }

  /// 0 when all were read and nothing is left, else the number of the ERROR.
  PORTWIRE_NOINLINE uint8_t error() const {
    if (status_ == Status::kTooLarge) return codeOf(ErrorCode::kArgumentsTooLarge);
    return status_ == Status::kOk && reader_.atEnd() ? 0 : codeOf(ErrorCode::kBadArguments);
  }

  /// Which argument could not be read, counted from 1; 0 when none is to blame.
  uint8_t badArgument() const { return status_ == Status::kOk ? 0 : position_; }
  /// It is a number, and too small or too large.
  bool outOfRange() const { return status_ == Status::kOutOfRange; }

 private:
  /// To the next argument; false once one could not be read.
  bool advance() {
    if (status_ != Status::kOk) return false;
    ++position_;
    return true;
  }

  // One copy for the integers of all widths.
  PORTWIRE_NOINLINE uint32_t nextUnsigned(uint32_t largest) {
    uint32_t value = 0;
    if (advance()) status_ = reader_.readUnsigned(&value, largest);
    return value;
  }
  PORTWIRE_NOINLINE int32_t nextSigned(uint32_t largest) {
    int32_t value = 0;
    if (advance()) status_ = reader_.readSigned(&value, largest);
    return value;
  }

  Reader reader_;
  Status status_ = Status::kOk;
  uint8_t position_ = 0;
};

template <> inline uint8_t Arguments::next<uint8_t>() { return static_cast<uint8_t>(nextUnsigned(0xFF)); }
template <> inline uint16_t Arguments::next<uint16_t>() { return static_cast<uint16_t>(nextUnsigned(0xFFFF)); }
template <> inline uint32_t Arguments::next<uint32_t>() { return nextUnsigned(0xFFFFFFFF); }
template <> inline int8_t Arguments::next<int8_t>() { return static_cast<int8_t>(nextSigned(0x7F)); }
template <> inline int16_t Arguments::next<int16_t>() { return static_cast<int16_t>(nextSigned(0x7FFF)); }
template <> inline int32_t Arguments::next<int32_t>() { return nextSigned(0x7FFFFFFF); }

/// Decodes the arguments, calls, and writes the result to `reply` (null for a cast). Returns 0 or the number of the ERROR.
typedef uint8_t (*Invoker)(AnyFunction function, void* context, Arguments& arguments, Writer* reply);

/// A place in the table of handlers.
struct Handler {
  Invoker invoke;
  AnyFunction function;
  void* context;
};

template <class R> inline uint8_t writeResult(Writer* reply, const R& result) {
  if (reply) Wire<R>::write(*reply, result);
  return 0;
}
template <class R> inline uint8_t writeResult(Writer* reply, const Result<R>& result) {
  if (result.code != 0) return result.code;
  return writeResult(reply, result.value);
}
/// A void handler answers integer 0, which the host tells apart from nil.
inline uint8_t writeVoid(Writer* reply) {
  if (reply) reply->writeUnsigned(0);
  return 0;
}
inline uint8_t writeResult(Writer* reply, const Result<void>& result) {
  return result.code != 0 ? result.code : writeVoid(reply);
}

/// Calls `R function(Context&..., Done..., Rest...)` once Rest has been read; Done has been.
template <class R> struct Finish {
  template <class F, class... Done> static uint8_t call(F function, Writer* reply, Done&... done) {
    return writeResult(reply, function(done...));
  }
};
template <> struct Finish<void> {
  template <class F, class... Done> static uint8_t call(F function, Writer* reply, Done&... done) {
    function(done...);
    return writeVoid(reply);
  }
};

template <class R, class... Rest> struct ReadThenCall;
template <class R> struct ReadThenCall<R> {
  template <class F, class... Done> static uint8_t run(Arguments& arguments, Writer* reply, F function, Done&... done) {
    const uint8_t error = arguments.error();
    return error != 0 ? error : Finish<R>::call(function, reply, done...);
  }
};
template <class R, class First, class... Rest> struct ReadThenCall<R, First, Rest...> {
  template <class F, class... Done> static uint8_t run(Arguments& arguments, Writer* reply, F function, Done&... done) {
    typename Parameter<First>::Value value = arguments.next<First>();
    return ReadThenCall<R, Rest...>::run(arguments, reply, function, done..., value);
  }
};

/// In the place of all arguments: the handler takes them in one `Struct`, whose fields are read as `Args`, one after the other.
template <class Struct, class... Args> struct InOne {};

/// By reference: a copy of an array in it would cost the stack as much again.
template <class Struct, class... Args> struct Parameter<InOne<Struct, Args...>> {
  typedef Struct Value;
  typedef const Struct& Type;
};

template <class R, class Struct, class... Args> struct ReadThenCall<R, InOne<Struct, Args...>> {
  template <class F, class... Done> static uint8_t run(Arguments& arguments, Writer* reply, F function, Done&... done) {
    const Struct values = {arguments.next<Args>()...};  // in braces they are read from left to right
    return ReadThenCall<R>::run(arguments, reply, function, done..., values);
  }
};

/// How many values come.
template <class... Args> struct CountOf { static constexpr size_t kValue = sizeof...(Args); };
template <class Struct, class... Args> struct CountOf<InOne<Struct, Args...>> : CountOf<Args...> {};

template <class... Args> inline void openArguments(Arguments& arguments) {
  static_assert(CountOf<Args...>::kValue <= kMaxValues, "at most 99 arguments");
  arguments.open(CountOf<Args...>::kValue);
}

/// The Invoker of `R function(Args...)`.
template <class R, class... Args> uint8_t invoke(AnyFunction function, void*, Arguments& arguments, Writer* reply) {
  openArguments<Args...>(arguments);
  return ReadThenCall<R, Args...>::run(arguments, reply, reinterpret_cast<R (*)(typename Parameter<Args>::Type...)>(function));
}

/// The Invoker of `R function(Context&, Args...)`.
template <class Context, class R, class... Args>
uint8_t invokeWith(AnyFunction function, void* context, Arguments& arguments, Writer* reply) {
  openArguments<Args...>(arguments);
  return ReadThenCall<R, Args...>::run(arguments, reply,
                                       reinterpret_cast<R (*)(Context&, typename Parameter<Args>::Type...)>(function),
                                       *static_cast<Context*>(context));
}

}  // namespace detail
}  // namespace portwire

#endif
