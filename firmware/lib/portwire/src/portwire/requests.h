// Feature: requests. The device asks the host; a callback gets the answer, or why there is none.
#ifndef PORTWIRE_REQUESTS_H
#define PORTWIRE_REQUESTS_H

#include "request_lane.h"

namespace portwire {

/// How a request ended.
enum class Outcome : uint8_t {
  kAnswered = 0,      ///< `value` is the answer.
  kRefused = 1,       ///< ERROR; `code` is its number: 1 when the host has no handler for it.
  kExpired = 2,       ///< The deadline passed first, here or at the host. The host's handler may have run.
  kSessionEnded = 3,  ///< The host began a new session. Its handler may have run.
  kBadAnswer = 4      ///< An answer of another type than the contract's.
};

/// What the callback of ask() is given; `R` is the type of the answer.
template <class R> struct Answer {
  Outcome outcome;  ///< How it ended.
  uint8_t code;     ///< Of kRefused.
  R value;          ///< Of kAnswered, else zeros. A text or bytes in it are valid until the callback returns.
};
/// The same of a request without an answer's value.
template <> struct Answer<void> {
  Outcome outcome;
  uint8_t code;
};

namespace detail {

/// `value` is read when the outcome is kAnswered.
struct RequestEnd {
  Outcome outcome;
  uint8_t code;
  Reader value;
};

template <class R> inline Answer<R> answerOf(RequestEnd& end, Identity<R>) {
  Answer<R> answer = {end.outcome, end.code, R()};
  if (end.outcome != Outcome::kAnswered) return answer;
  if (Wire<R>::read(end.value, &answer.value) == Status::kOk && end.value.atEnd()) return answer;
  answer.outcome = Outcome::kBadAnswer;
  answer.value = R();
  return answer;
}
/// Nothing is the integer 0 or nil.
inline Answer<void> answerOf(RequestEnd& end, Identity<void>) {
  Answer<void> answer = {end.outcome, end.code};
  uint32_t zero = 0;
  if (end.outcome == Outcome::kAnswered &&
      !((end.value.takeNil() || end.value.readUnsigned(&zero, 0) == Status::kOk) && end.value.atEnd()))
    answer.outcome = Outcome::kBadAnswer;
  return answer;
}

typedef void (*Teller)(AnyFunction function, void* context, RequestEnd& end);

template <class R> inline void tell(AnyFunction function, void*, RequestEnd& end) {
  reinterpret_cast<void (*)(const Answer<R>&)>(function)(answerOf(end, Identity<R>()));
}
template <class Context, class R> inline void tellWith(AnyFunction function, void* context, RequestEnd& end) {
  reinterpret_cast<void (*)(Context&, const Answer<R>&)>(function)(*static_cast<Context*>(context),
                                                                   answerOf(end, Identity<R>()));
}

}  // namespace detail

/// Keeps up to `kPlaces` requests with arguments of up to `kArgumentBytes` bytes as they stand on the wire. One is with the host
/// at a time, in the order of asking. RAM on AVR: kPlaces * (kArgumentBytes + 17) + 10, of which 8 are shared with Jobs.
template <uint8_t kPlaces, uint8_t kArgumentBytes = 8> struct Requests {
  static_assert(kPlaces >= 1, "no place for a request");

  template <class Below, class Contract> class Layer : public detail::WithRequestLane<Below>::Type {
    typedef typename detail::WithRequestLane<Below>::Type Lane;

   public:
    /// Asks the host. `callback` runs once, from poll(), and may ask again: `port.ask(kGetSetpoint, 3000, gotSetpoint, zone)`.
    /// False when all places are taken: then it never runs.
    /// Between HELLO and TICK a request waits for its session. HELLO ends all that wait, those too that were asked before the
    /// first: what asks again on kSessionEnded is heard as soon as the session is up.
    template <uint8_t kIndex, class R, class... Args>
    PORTWIRE_MUST_USE bool ask(Request<kIndex, R(Args...)>, uint32_t deadlineMs,
             typename detail::Identity<void (*)(const Answer<R>&)>::type callback,
             typename detail::Parameter<Args>::Type... args) {
      return put<kIndex>(deadlineMs, detail::tell<R>, reinterpret_cast<detail::AnyFunction>(callback), nullptr, args...);
    }
    /// The same with an object of yours as the callback's first argument; it must live until then.
    template <uint8_t kIndex, class R, class... Args, class Context>
    PORTWIRE_MUST_USE bool ask(Request<kIndex, R(Args...)>, uint32_t deadlineMs,
             typename detail::Identity<void (*)(Context&, const Answer<R>&)>::type callback, Context& context,
             typename detail::Parameter<Args>::Type... args) {
      return put<kIndex>(deadlineMs, detail::tellWith<Context, R>, reinterpret_cast<detail::AnyFunction>(callback), &context,
                         args...);
    }

    /// Requests whose callback has not run yet.
    uint8_t waitingRequests() const { return count_; }

   protected:
    static constexpr uint16_t features() { return Lane::features() | feature::kRequests; }

    /// They are told in onRequestLane(), when the new session has begun.
    void onHello(uint32_t heartbeatMs) {
      failed_ = count_;
      Lane::onHello(heartbeatMs);
    }

    void onRequestLane() {
      for (; failed_ != 0; --failed_) end(0, Outcome::kSessionEnded, 0, Reader(nullptr, 0));
      uint8_t at = 0;
      // A callback may ask again: each that waits now is looked at once.
      for (uint8_t left = count_; left != 0; --left) {
        const Place& place = places_[at];
        if (static_cast<uint32_t>(Below::Board::nowMs() - place.askedAtMs) < place.deadlineMs) {
          ++at;
          continue;
        }
        if (at == 0 && this->requestIsUnanswered()) this->skipRequest();
        end(at, Outcome::kExpired, 0, Reader(nullptr, 0));
      }
      Lane::onRequestLane();
    }

    /// The host is told what is left of the deadline.
    bool startRequest() {
      if (count_ == 0) return false;
      Place& place = places_[0];
      const uint32_t nowMs = Below::Board::nowMs();
      const uint32_t waitedMs = nowMs - place.askedAtMs;
      if (waitedMs >= place.deadlineMs) return false;
      place.deadlineMs -= waitedMs;
      place.askedAtMs = nowMs;
      return true;
    }

    void sendRequest(uint8_t token) {
      const Place& place = places_[0];
      typename Below::template Message<3 + 5 + kArgumentBytes> message;
      Writer value = message.value();
      value.writeArray(static_cast<uint16_t>(place.arguments + 1));
      value.writeUnsigned(place.deadlineMs);
      for (uint8_t i = 0; i < place.bytes; ++i) value.writeByte(place.value[i]);
      this->send(message.buffer, place.index, token, value.bytes());
    }

    void onRequestAnswered(uint8_t action, Reader& value) {
      if (action == action::kReply) return end(0, Outcome::kAnswered, 0, value);
      uint16_t fields = 0;
      uint32_t code = 0;
      if (value.readArray(&fields) != Status::kOk || fields == 0 || value.readUnsigned(&code, 255) != Status::kOk)
        end(0, Outcome::kBadAnswer, 0, value);
      else if (code == detail::codeOf(ErrorCode::kExpired))
        end(0, Outcome::kExpired, 0, value);
      else
        end(0, Outcome::kRefused, static_cast<uint8_t>(code), value);
    }

   private:
    struct Place {
      uint32_t askedAtMs;
      uint32_t deadlineMs;
      detail::Teller tell;
      detail::AnyFunction function;
      void* context;
      uint8_t index;
      uint8_t arguments;
      uint8_t bytes;
      uint8_t value[kArgumentBytes];
    };

    template <uint8_t kIndex, class... Args>
    bool put(uint32_t deadlineMs, detail::Teller tell, detail::AnyFunction function, void* context, const Args&... args) {
      static_assert(detail::EachBytes<Args...>::kValue <= kArgumentBytes, "Requests needs a larger kArgumentBytes");
      static_assert(sizeof...(Args) < detail::kMaxValues, "at most 98 arguments");
      if (count_ == kPlaces) return false;
      Place& place = places_[count_];
      Writer value(place.value, kArgumentBytes);
      detail::writeEach(value, args...);
      place.askedAtMs = Below::Board::nowMs();
      place.deadlineMs = deadlineMs;
      place.tell = tell;
      place.function = function;
      place.context = context;
      place.index = kIndex;
      place.arguments = sizeof...(Args);
      place.bytes = static_cast<uint8_t>(value.bytes());
      ++count_;
      return true;
    }

    /// Frees the place first, so that the callback finds it when it asks again.
    PORTWIRE_NOINLINE void end(uint8_t at, Outcome outcome, uint8_t code, const Reader& value) {
      const detail::Teller tell = places_[at].tell;
      const detail::AnyFunction function = places_[at].function;
      void* const context = places_[at].context;
      --count_;
      // To the last place whatever the count: a compiler has to see that no place behind it is read.
      for (uint8_t i = at; i + 1 < kPlaces; ++i) places_[i] = places_[i + 1];
      detail::RequestEnd end = {outcome, code, value};
      this->enterHandler();
      tell(function, context, end);
      this->leaveHandler();
    }

    uint8_t count_ = 0;
    uint8_t failed_ = 0;  ///< The first so many belong to a session that has ended.
    Place places_[kPlaces] = {};
  };
};

}  // namespace portwire

#endif
