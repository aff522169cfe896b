// Feature: jobs. A handler takes its call as a job, returns at once, and the end comes later; loop() goes on meanwhile.
#ifndef PORTWIRE_JOBS_H
#define PORTWIRE_JOBS_H

#include "job.h"
#include "request_lane.h"

namespace portwire {

namespace detail {

/// What a job's handler returned: nothing, or whether it failed before it began.
template <class Returned> struct CodeOf;
template <> struct CodeOf<void> {
  template <class F, class... A> static uint8_t run(F function, A&... a) {
    function(a...);
    return 0;
  }
};
template <> struct CodeOf<Result<void>> {
  template <class F, class... A> static uint8_t run(F function, A&... a) { return function(a...).code; }
};

/// Longest form of a result; kUnbounded for a struct, whose size shows when it is written.
template <class R> struct ResultBytes { static constexpr size_t kValue = Wire<R>::kBytes; };
template <> struct ResultBytes<void> { static constexpr size_t kValue = 1; };

// In the place of a handler's result: begin a job, then call with it, and with the user's object in front.
template <class Layer, class Handle, class Returned> struct StartJob {};
template <class Layer, class Handle, class Returned> struct StartJobWith {};

template <class Layer, class Handle, class Returned> struct Finish<StartJob<Layer, Handle, Returned>> {
  template <class F, class... Done> static uint8_t call(F function, Writer*, Layer& layer, Done&... done) {
    JobPlace* const place = layer.startJob();
    if (!place) return codeOf(ErrorCode::kBusy);
    Handle job(place, place->serial);
    return layer.jobStarted(job, CodeOf<Returned>::run(function, job, done...));
  }
};
template <class Layer, class Handle, class Returned> struct Finish<StartJobWith<Layer, Handle, Returned>> {
  template <class F, class Context, class... Done>
  static uint8_t call(F function, Writer*, Layer& layer, Context& context, Done&... done) {
    JobPlace* const place = layer.startJob();
    if (!place) return codeOf(ErrorCode::kBusy);
    Handle job(place, place->serial);
    return layer.jobStarted(job, CodeOf<Returned>::run(function, context, job, done...));
  }
};

}  // namespace detail

/// Up to `kPlaces` jobs at a time, a call more is ERROR 3, with results of up to `kResultBytes` bytes as they stand on the wire.
/// A place is free again when the host has answered the RESULT. RAM on AVR: kPlaces * (kResultBytes + 14) + 20, of which 8 are
/// shared with Requests.
template <uint8_t kPlaces, uint8_t kResultBytes = 5> struct Jobs {
  static_assert(kPlaces >= 1, "no place for a job");
  static_assert(kResultBytes >= 1, "nil and 0 have 1 byte");

  template <class Below, class Contract>
  class Layer : public detail::WithRequestLane<Below>::Type, private detail::JobTable {
    typedef typename detail::WithRequestLane<Below>::Type Lane;

   public:
    using Below::on;

    /// Runs `handler` for each call of the action as a job. It gets a Job in front of the arguments, keeps it, and returns; the
    /// host has its ACK then. A cast has no number and cannot be a job: it is dropped, and counted.
    template <uint8_t kIndex, class R, class... Args, class Item, class Together>
    void on(Action<kIndex, R(Args...), Item, Together>, typename detail::Identity<void (*)(Job<R, Item>, typename detail::Parameter<Args>::Type...)>::type handler) {
      putJob<kIndex, R>(invokeJob<R, Item, void, Args...>, reinterpret_cast<detail::AnyFunction>(handler), nullptr);
    }
    /// The same for a handler that may refuse: a Fail is the call's ERROR, and no job begins.
    template <uint8_t kIndex, class R, class... Args, class Item, class Together>
    void on(Action<kIndex, R(Args...), Item, Together>,
            typename detail::Identity<Result<void> (*)(Job<R, Item>, typename detail::Parameter<Args>::Type...)>::type handler) {
      putJob<kIndex, R>(invokeJob<R, Item, Result<void>, Args...>, reinterpret_cast<detail::AnyFunction>(handler), nullptr);
    }
    /// The same with an object of yours as the handler's first argument; it must outlive the device.
    template <uint8_t kIndex, class R, class... Args, class Item, class Together, class Context>
    void on(Action<kIndex, R(Args...), Item, Together>,
            typename detail::Identity<void (*)(Context&, Job<R, Item>, typename detail::Parameter<Args>::Type...)>::type handler, Context& context) {
      putJob<kIndex, R>(invokeJobWith<Context, R, Item, void, Args...>, reinterpret_cast<detail::AnyFunction>(handler), &context);
    }
    template <uint8_t kIndex, class R, class... Args, class Item, class Together, class Context>
    void on(Action<kIndex, R(Args...), Item, Together>,
            typename detail::Identity<Result<void> (*)(Context&, Job<R, Item>, typename detail::Parameter<Args>::Type...)>::type handler, Context& context) {
      putJob<kIndex, R>(invokeJobWith<Context, R, Item, Result<void>, Args...>,
                        reinterpret_cast<detail::AnyFunction>(handler), &context);
    }

    /// The same four for a handler that takes all arguments in one struct of the contract's, behind the Job.
    template <uint8_t kIndex, class R, class... Args, class Item, class Together>
    void on(Action<kIndex, R(Args...), Item, Together>,
            typename detail::Identity<void (*)(Job<R, Item>, const Together&)>::type handler) {
      on(Action<kIndex, R(detail::InOne<Together, Args...>), Item>(), handler);
    }
    template <uint8_t kIndex, class R, class... Args, class Item, class Together>
    void on(Action<kIndex, R(Args...), Item, Together>,
            typename detail::Identity<Result<void> (*)(Job<R, Item>, const Together&)>::type handler) {
      on(Action<kIndex, R(detail::InOne<Together, Args...>), Item>(), handler);
    }
    template <uint8_t kIndex, class R, class... Args, class Item, class Together, class Context>
    void on(Action<kIndex, R(Args...), Item, Together>,
            typename detail::Identity<void (*)(Context&, Job<R, Item>, const Together&)>::type handler, Context& context) {
      on(Action<kIndex, R(detail::InOne<Together, Args...>), Item>(), handler, context);
    }
    template <uint8_t kIndex, class R, class... Args, class Item, class Together, class Context>
    void on(Action<kIndex, R(Args...), Item, Together>,
            typename detail::Identity<Result<void> (*)(Context&, Job<R, Item>, const Together&)>::type handler, Context& context) {
      on(Action<kIndex, R(detail::InOne<Together, Args...>), Item>(), handler, context);
    }

    /// Jobs that run, or whose end the host has not acknowledged.
    uint8_t unfinishedJobs() const {
      uint8_t count = 0;
      for (const Place& place : places_)
        if (place.head.state != detail::JobState::kFree) ++count;
      return count;
    }

   protected:
    static constexpr bool kAcknowledges = true;
    static constexpr uint16_t features() { return Lane::features() | feature::kJobs; }

    struct Invocation : Lane::Invocation {
      Invocation(const Reader& value, Layer& layer) : Lane::Invocation(value, layer), jobs(layer) {}
      Layer& jobs;
    };

    void onHello(uint32_t heartbeatMs) {
      for (Place& place : places_) place.head.state = detail::JobState::kFree;
      Lane::onHello(heartbeatMs);
    }

    void onCall(uint8_t token) {
      call_ = token;
      Lane::onCall(token);
    }

    uint8_t onProtocolCall(uint8_t action, Reader& value, Writer& reply) {
      if (action != action::kCancel) return Lane::onProtocolCall(action, value, reply);
      uint32_t number = 0;
      if (value.readUnsigned(&number, 255) != Status::kOk || !value.atEnd()) return detail::codeOf(ErrorCode::kBadArguments);
      for (Place& place : places_)
        if (place.head.number == number && place.head.state == detail::JobState::kRunning)
          place.head.state = detail::JobState::kCancelled;
      return detail::writeVoid(&reply);
    }

    /// The oldest of the jobs that have ended.
    bool startResult() {
      telling_ = nullptr;
      for (Place& place : places_)
        if (place.head.state == detail::JobState::kEnded && (!telling_ || place.head.serial < telling_->head.serial))
          telling_ = &place;
      return telling_ != nullptr;
    }

    void sendResult(uint8_t token) {
      typename Below::template Message<1 + 2 + 2 + kResultBytes + 5> message;
      Writer value = message.value();
      value.writeArray(4);
      value.writeUnsigned(telling_->head.number);
      value.writeUnsigned(telling_->head.status);
      for (uint8_t i = 0; i < telling_->head.resultBytes; ++i) value.writeByte(telling_->result[i]);
      value.writeUnsigned(telling_->head.items);
      this->send(message.buffer, action::kResult, token, value.bytes());
    }

    void onResultAnswered() { telling_->head.state = detail::JobState::kFree; }

   private:
    template <class R> friend struct detail::Finish;

    struct Place {
      detail::JobPlace head;
      uint8_t result[kResultBytes];
    };
    static_assert(offsetof(Place, result) == sizeof(detail::JobPlace), "a job finds its result's room behind it");
    static_assert(Below::Framing::kBefore <= kLengthBytes && Below::Framing::kBehind <= kCrcBytes,
                  "an item is built with room for a length and a CRC");

    /// A place for the job of the call that is running, or null.
    detail::JobPlace* startJob() {
      if (call_ == 0) return nullptr;
      Place* free = nullptr;
      for (Place& place : places_) {
        if (place.head.state == detail::JobState::kFree)
          free = &place;
        else if (place.head.number == call_)
          return nullptr;
      }
      if (!free) return nullptr;
      starting_ = &free->head;
      starting_->table = this;
      starting_->serial = ++serial_;
      starting_->items = 0;
      starting_->number = call_;
      starting_->state = detail::JobState::kRunning;
      return starting_;
    }
    /// Its handler has returned.
    uint8_t jobStarted(detail::JobHandle& job, uint8_t error) {
      if (starting_ && error != 0) {
        starting_->state = detail::JobState::kFree;
        return error;
      }
      if (starting_) acknowledgeStarting();
      if (error != 0) job.fail(error);
      return 0;
    }

    template <uint8_t kIndex, class R> void putJob(detail::Invoker invoker, detail::AnyFunction function, void* context) {
      static_assert(detail::ResultBytes<R>::kValue <= kResultBytes || detail::ResultBytes<R>::kValue == kUnbounded,
                    "Jobs needs a larger kResultBytes");
      this->sendItem = sendItemOf;
      this->valueBytes = kResultBytes;
      this->template setHandler<kIndex>(invoker, function, context);
    }

    template <class R, class Item, class Returned, class... Args>
    static uint8_t invokeJob(detail::AnyFunction function, void*, detail::Arguments& arguments, Writer* reply) {
      detail::openArguments<Args...>(arguments);
      return detail::ReadThenCall<detail::StartJob<Layer, Job<R, Item>, Returned>, Args...>::run(
          arguments, reply, reinterpret_cast<Returned (*)(Job<R, Item>, typename detail::Parameter<Args>::Type...)>(function),
          static_cast<Invocation&>(arguments).jobs);
    }
    template <class Context, class R, class Item, class Returned, class... Args>
    static uint8_t invokeJobWith(detail::AnyFunction function, void* context, detail::Arguments& arguments, Writer* reply) {
      detail::openArguments<Args...>(arguments);
      return detail::ReadThenCall<detail::StartJobWith<Layer, Job<R, Item>, Returned>, Args...>::run(
          arguments, reply, reinterpret_cast<Returned (*)(Context&, Job<R, Item>, typename detail::Parameter<Args>::Type...)>(function),
          static_cast<Invocation&>(arguments).jobs, *static_cast<Context*>(context));
    }

    void acknowledgeStarting() {
      starting_ = nullptr;
      this->acknowledge(call_);
    }

    /// The ACK of a job goes before its first item.
    static void sendItemOf(detail::JobPlace& place, uint8_t* message, size_t valueBytes) {
      Layer& layer = static_cast<Layer&>(*place.table);
      if (layer.starting_ == &place) layer.acknowledgeStarting();
      layer.send(message + kLengthBytes - Below::Framing::kBefore, action::kNext, 0, valueBytes);
    }

    uint32_t serial_ = 0;
    detail::JobPlace* starting_ = nullptr;  ///< Its handler runs, and it has no ACK yet.
    Place* telling_ = nullptr;              ///< Its RESULT is unanswered.
    uint8_t call_ = 0;
    Place places_[kPlaces] = {};
  };
};

}  // namespace portwire

#endif
