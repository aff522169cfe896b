// The lane in which the device asks and ends its jobs: tokens from 1 in each session, one message unanswered at a time.
#ifndef PORTWIRE_REQUEST_LANE_H
#define PORTWIRE_REQUEST_LANE_H

#include "repeat_timer.h"
#include "session.h"

namespace portwire {
namespace detail {

/// A layer that Jobs and Requests share; they say what is sent. RAM: 8 bytes.
template <class Below> class RequestLane : public Below {
 public:
  static constexpr bool kHasRequestLane = true;

 protected:
  // Hooks of the layers above. A start...() chooses what the next send...() sends, the first time and again.
  bool startResult() { return false; }
  void sendResult(uint8_t) {}
  void onResultAnswered() {}
  bool startRequest() { return false; }
  void sendRequest(uint8_t) {}
  void onRequestAnswered(uint8_t, Reader&) {}

  void onHello(uint32_t heartbeatMs) {
    timer_.onHello(heartbeatMs);
    unanswered_ = Unanswered::kNone;
    token_ = 0;
    Below::onHello(heartbeatMs);
  }

  void onRequestLane() {
    if (this->inSession()) {
      if (unanswered_ == Unanswered::kNone)
        startNext();
      else if (!Below::Framing::lossless() && timer_.isDue(Below::Board::nowMs()))
        transmit();
    }
    Below::onRequestLane();
  }

  bool onAnswer(uint8_t action, uint8_t token, Reader& value) {
    if (unanswered_ == Unanswered::kNone || token != token_) return Below::onAnswer(action, token, value);
    const Unanswered answered = unanswered_;
    unanswered_ = Unanswered::kNone;
    if (answered == Unanswered::kResult) this->self().onResultAnswered();
    if (answered == Unanswered::kRequest) this->self().onRequestAnswered(action, value);
    return true;
  }

  bool requestIsUnanswered() const { return unanswered_ == Unanswered::kRequest; }

  /// The request is given up. A token is not left out: SKIP takes its place until it is answered. Where nothing is lost, the
  /// answer to the request itself will come.
  void skipRequest() {
    unanswered_ = Unanswered::kSkip;
    if (Below::Framing::lossless()) return;
    timer_.progress();
    transmit();
  }

 private:
  enum class Unanswered : uint8_t { kNone, kResult, kRequest, kSkip };

  void startNext() {
    if (this->self().startResult())
      unanswered_ = Unanswered::kResult;
    else if (this->self().startRequest())
      unanswered_ = Unanswered::kRequest;
    else
      return;
    token_ = nextToken(token_);
    timer_.progress();
    transmit();
  }

  void transmit() {
    timer_.sent(Below::Board::nowMs());
    if (unanswered_ == Unanswered::kResult) {
      this->self().sendResult(token_);
    } else if (unanswered_ == Unanswered::kRequest) {
      this->self().sendRequest(token_);
    } else {
      typename Below::template Message<0> message;
      this->send(message.buffer, action::kSkip, token_, 0);
    }
  }

  RepeatTimer timer_;
  Unanswered unanswered_ = Unanswered::kNone;
  uint8_t token_ = 0;  ///< Of the message that is unanswered, or was last.
};

/// `Below` with the lane on top, unless it has it already.
template <class Below, bool kThere = Below::kHasRequestLane> struct WithRequestLane { typedef RequestLane<Below> Type; };
template <class Below> struct WithRequestLane<Below, true> { typedef Below Type; };

}  // namespace detail
}  // namespace portwire

#endif
