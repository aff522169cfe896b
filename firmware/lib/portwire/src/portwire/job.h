// What a handler is given that goes on after it has returned: a handle on its call, which has become a job.
#ifndef PORTWIRE_JOB_H
#define PORTWIRE_JOB_H

#include "contract.h"
#include "status.h"
#include "values.h"

namespace portwire {
namespace detail {

enum class JobState : uint8_t {
  kFree,
  kRunning,
  kCancelled,  ///< Running, but the host wants it to end.
  kEnded       ///< Its RESULT waits for its turn, or for the host's answer.
};

struct JobPlace;

/// The Jobs layer as its jobs know it, whatever its type.
struct JobTable {
  /// Sends NEXT. The content begins behind kLengthBytes in `message`; action and token are not written yet.
  void (*sendItem)(JobPlace& place, uint8_t* message, size_t valueBytes) = nullptr;
  uint8_t valueBytes = 0;
};

/// A job, from its call to the host's answer to its RESULT. The room for its result lies directly behind it.
struct JobPlace {
  JobTable* table;
  uint32_t serial;  ///< Another for each job.
  uint32_t items;   ///< NEXT sent.
  uint8_t number;   ///< The token of the call.
  JobState state;
  uint8_t status;
  uint8_t resultBytes;

  uint8_t* result() { return reinterpret_cast<uint8_t*>(this + 1); }
  bool isRunning() const { return state == JobState::kRunning || state == JobState::kCancelled; }
};

/// What all handles have in common.
class JobHandle {
 public:
  constexpr JobHandle() : place_(nullptr), serial_(0) {}
  JobHandle(JobPlace* place, uint32_t serial) : place_(place), serial_(serial) {}

  /// True until finish() or fail(), or until a new session has ended all jobs.
  PORTWIRE_NOINLINE bool running() const { return place_ && place_->serial == serial_ && place_->isRunning(); }

  /// True when the host wants an end, and when nobody waits for this job any more: stop what was begun, then say
  /// `job.fail(portwire::ErrorCode::kCancelled)`, or finish() all the same.
  bool cancelled() const { return !running() || place_->state == JobState::kCancelled; }

  /// Ends the job with an error: `job.fail(Fail(16))`, `job.fail(16)`. False when it is not running.
  bool fail(Fail failure) { return running() && end(failure.code, nothing()); }
  bool fail(uint8_t code) { return fail(Fail(code)); }
  /// The same with an error of the protocol's: kCancelled, as a rule.
  bool fail(ErrorCode code) { return fail(Fail(code)); }

 protected:
  Writer result() const { return Writer(place_->result(), place_->table->valueBytes); }

  PORTWIRE_NOINLINE bool end(uint8_t status, const Writer& value) {
    const bool fits = !value.overflowed();
    place_->status = fits ? status : static_cast<uint8_t>(ErrorCode::kReplyTooLarge);
    place_->resultBytes = static_cast<uint8_t>(fits ? value.bytes() : nothing().bytes());
    place_->state = JobState::kEnded;
    return true;
  }

  /// NEXT up to its item.
  PORTWIRE_NOINLINE Writer openItem(uint8_t* message, size_t valueBytes) const {
    Writer value(message + kLengthBytes + kMessageBytes, valueBytes);
    value.writeArray(3);
    value.writeUnsigned(place_->number);
    value.writeUnsigned(place_->items);
    return value;
  }

  PORTWIRE_NOINLINE bool sendItem(uint8_t* message, const Writer& value) {
    ++place_->items;
    place_->table->sendItem(*place_, message, value.bytes());
    return true;
  }

 private:
  Writer nothing() const {
    Writer value = result();
    value.writeNil();
    return value;
  }

  JobPlace* place_;
  uint32_t serial_;
};

/// NEXT [job, sequence, item], with room for any framing around it.
template <size_t kItemBytes> struct ItemMessage {
  static constexpr size_t kValueBytes = 1 + 2 + 5 + kItemBytes;
  uint8_t buffer[kLengthBytes + kMessageBytes + kValueBytes + kCrcBytes];
};

/// A handle that sends items of one type.
template <class Item> class Streaming : public JobHandle {
 public:
  constexpr Streaming() {}
  using JobHandle::JobHandle;

  /// Sends an item at once; waits while the line takes no more. False when the job is not running.
  bool next(const Item& item) {
    static_assert(Wire<Item>::kBytes != kUnbounded, "the texts and bytes of a stream need a maximum");
    if (!running()) return false;
    ItemMessage<Wire<Item>::kBytes> message;
    Writer value = openItem(message.buffer, message.kValueBytes);
    Wire<Item>::write(value, item);
    return sendItem(message.buffer, value);
  }
};

/// A handle that sends several values an item.
template <class... T> class Streaming<Fields<T...>> : public JobHandle {
 public:
  constexpr Streaming() {}
  using JobHandle::JobHandle;

  bool next(typename Parameter<T>::Type... fields) {
    static_assert(ArrayBytes<T...>::kValue != kUnbounded, "the texts and bytes of a stream need a maximum");
    if (!running()) return false;
    ItemMessage<ArrayBytes<T...>::kValue> message;
    Writer value = openItem(message.buffer, message.kValueBytes);
    value.writeArray(sizeof...(T));
    writeEach(value, fields...);
    return sendItem(message.buffer, value);
  }
};

/// A handle of an action that declares no stream.
template <> class Streaming<void> : public JobHandle {
 public:
  constexpr Streaming() {}
  using JobHandle::JobHandle;
};

}  // namespace detail

/// A handle on a job, by value: keep it, copy it, forget it. One whose job has ended does nothing, and neither does one that was
/// never given a job. `R` is the action's result, `Item` what it streams. Of every job, finish() or fail() is to be called once.
template <class R = void, class Item = void> class Job : public detail::Streaming<Item> {
 public:
  constexpr Job() {}
  using detail::Streaming<Item>::Streaming;

  /// Ends the job with its result. False when it is not running.
  bool finish(const R& value) {
    if (!this->running()) return false;
    Writer writer = this->result();
    detail::Wire<R>::write(writer, value);
    return this->end(0, writer);
  }
};

/// The Job of an action without a result; `Item` is what it streams.
template <class Item> class Job<void, Item> : public detail::Streaming<Item> {
 public:
  constexpr Job() {}
  using detail::Streaming<Item>::Streaming;

  bool finish() {
    if (!this->running()) return false;
    Writer writer = this->result();
    writer.writeUnsigned(0);  // nothing, as a REPLY says it
    return this->end(0, writer);
  }
};

namespace detail {
template <class A> struct JobOfAction;
template <uint8_t kIndex, class R, class... Args, class Item, class Together>
struct JobOfAction<const Action<kIndex, R(Args...), Item, Together>> {
  typedef Job<R, Item> Type;
};
}  // namespace detail

/// The Job of an action of the contract, by the type `A` of its constant: `portwire::JobOf<decltype(greenhouse::kCalibrate)>`.
template <class A> using JobOf = typename detail::JobOfAction<A>::Type;

}  // namespace portwire

#endif
