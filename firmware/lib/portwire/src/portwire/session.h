// The core of a device: hello, the lane of calls, and the answers kept for repeats. Features are layers on top of it.
//
// A layer hides a hook of the layer below and calls it; the core calls the topmost through self(). Nothing is virtual, and
// a feature that is not listed leaves no byte behind.
#ifndef PORTWIRE_SESSION_H
#define PORTWIRE_SESSION_H

#include "contract.h"
#include "error_reply.h"
#include "handler.h"
#include "handlers.h"
#include "received.h"

namespace portwire {
namespace detail {

/// `Top` is the Device. `LineType` gives bytes, framing, sizes and the board; see line_arduino.h for what it has to have.
template <class Top, class LineType, class Contract> class Session : public Handlers<Session<Top, LineType, Contract> > {
 public:
  typedef LineType Line;                   ///< The first parameter of Device.
  typedef typename Line::Board Board;      ///< Its clock, epoch, reset cause and restart.
  typedef typename Line::Framing Framing;  ///< Frames or Packets.

  static constexpr size_t kReceiveBytes = Line::kReceiveBytes;        ///< What the receive ring holds; 0: no limit.
  static constexpr size_t kMaxContentBytes = Line::kMaxContentBytes;  ///< The longest content taken.
  static constexpr size_t kReplyBytes = Line::kReplyBytes;            ///< The longest answer, as content.
  static constexpr uint8_t kWindow = Line::kWindow;                   ///< Calls taken unanswered, events sent ahead.

  static constexpr bool kHasRequestLane = false;  ///< RequestLane is among the layers.

  static_assert(kMaxContentBytes >= 32, "HELLO has 19 bytes of content, and later versions append");
  static_assert(kReplyBytes >= kMessageBytes + 48, "the reply to HELLO has up to 50 bytes of content without its texts");
  static_assert(kReplyBytes <= 0xFFFF, "the length of an answer is 16 bits");
  static_assert(kWindow >= 1 && kWindow <= 64, "the window is 1 to 64");

  /// Starts on a line that is ready; what `line` is depends on the Line (an Arduino's Serial, for one). Says hello.
  template <class... L> void begin(L&&... line) {
    line_.begin(line...);
    epoch_ = Board::nextEpoch();
    announce();
  }

  /// Reads what has come, runs at most one handler, and sends what is due. Call it from loop(), not from an interrupt.
  /// Inside a handler it does nothing. Time: linear in the bytes waiting, of which it reads a ring's length, 255 at least.
  void poll() {
    if (inHandler_) return;
    bool empty = true;
    // Not until there is nothing left: noise may come as fast as it is read, and loop() has to go on, and the dead-man with it.
    for (PollCount left = kPollBytes; left != 0 && line_.available(); --left) {
      const Received received = receiver_.push(line_.read());
      if (received == Received::kNothing) continue;
      if (received == Received::kMessage) {
        handle(receiver_.content(), receiver_.contentBytes());
        empty = false;
        break;
      }
      drops_.add(receiver_.drop());
    }
    // Answers have been sent; then come the device's own requests, then events, then the rest.
    self().onRequestLane();
    self().onPoll(empty);
  }

  /// True from the host's first TICK on: it hears what is sent.
  bool inSession() const { return state_ == State::kUp; }
  uint32_t epoch() const { return epoch_; }      ///< Of this boot.
  const Drops& drops() const { return drops_; }  ///< What came and was no use.
  /// True when a packet was announced that is longer than this device takes: where the next one begins cannot be known, and
  /// nothing more is taken from this line. A program ends then, with a status that says so. Never on a line with frames.
  bool lineFailed() const { return receiver_.failed(); }
  /// True while part of a message is held: what a line that ends here cuts off.
  bool inMessage() const { return receiver_.inMessage(); }
  Line& line() { return line_; }  ///< For what only this Line can do.

 protected:
  // Hooks, with what the core alone does.
  static constexpr uint16_t features() { return 0; }
  uint32_t oldestEvent() const { return 0; }
  uint32_t deadManMs() const { return 0; }
  uint32_t plainEvents() const { return 0; }
  /// Fields behind those of the first firmware, in the device's HELLO: how many, how many bytes they take, and what they are.
  static constexpr uint8_t kLaterFields = 0;
  static constexpr uint8_t kLaterBytes = 0;
  void writeLaterFields(Writer&) {}
  /// Of the host's HELLO, before onHello(); they may be missing or anything else.
  void readLaterFields(Reader&) {}
  /// A HELLO has begun a session. Its heartbeat, in ms; 0: not said.
  void onHello(uint32_t) {}
  /// A good frame of the session has been handled.
  void onGoodFrame() {}
  /// A message has been handled, and its answer sent.
  void onRequestLane() {}
  /// The end of poll(); `empty` when all bytes that had come when it began were read, and none of them was a message's last.
  void onPoll(bool) {}
  /// RESET may come without a session. True when it was obeyed or is known to be for another boot.
  bool onReset(Reader&) { return false; }
  /// ACK of the host: `token`, and the value. False when it is of no use.
  bool onAck(uint8_t, Reader&) { return false; }
  /// REPLY or ERROR of the host to something of `token`. False when nothing waits for it.
  bool onAnswer(uint8_t, uint8_t, Reader&) { return false; }
  /// A call with this token is about to run, or with 0 a cast.
  void onCall(uint8_t) {}
  /// A call has taken its token, or a cast has run.
  void onTaken() {}
  /// A call was answered as before.
  void onRepeat() {}
  /// A reliable event found no place.
  void onEventDropped() {}
  /// Whether a handler may have answered by acknowledge().
  static constexpr bool kAcknowledges = false;
  /// What an Invoker is given: a layer adds to it what its own invokers need.
  struct Invocation : Arguments {
    Invocation(const Reader& value, Session&) : Arguments(value) {}
  };
  /// A call of the protocol's own that the core does not know. Returns 0 or the number of the ERROR.
  uint8_t onProtocolCall(uint8_t, Reader&, Writer&) { return codeOf(ErrorCode::kUnknownAction); }
  /// Only so that layers can say `using Below::emit`.
  void emit() {}

  /// Where a message is built: the framing needs room before and behind the content.
  template <size_t kValueBytes> struct Message {
    uint8_t buffer[Framing::kBefore + kMessageBytes + kValueBytes + Framing::kBehind];
    Writer value() { return Writer(buffer + Framing::kBefore + kMessageBytes, kValueBytes); }
  };

  void send(uint8_t* buffer, uint8_t action, uint8_t token, size_t valueBytes) {
    buffer[Framing::kBefore] = action;
    buffer[Framing::kBefore + 1] = token;
    Framing::send(line_, buffer, kMessageBytes + valueBytes);
  }

  /// Counts a message that is of no use and has no answer.
  void dropMessage() { drops_.add(Drop::kMessage); }
  void countDroppedEvent() { self().onEventDropped(); }

  /// ACK in the place of the answer of the call that is running.
  void acknowledge(uint8_t token) {
    Slot& slot = slots_[newest_];
    slot.contentBytes = kMessageBytes;
    send(slot.buffer, action::kAck, token, 0);
  }

  /// While a function of the user runs, poll() does nothing.
  void enterHandler() { inHandler_ = true; }
  void leaveHandler() { inHandler_ = false; }

  Top& self() { return static_cast<Top&>(*this); }

  template <uint8_t kIndex> void setHandler(Invoker invoker, AnyFunction function, void* context) {
    static_assert(kIndex < Contract::kActions, "the contract's kActions must be above the index of every action");
    Handler& handler = handlers_[kIndex];
    handler.invoke = invoker;
    handler.function = function;
    handler.context = context;
  }

  Line line_;

 private:
  friend class Handlers<Session>;

  enum class State : uint8_t {
    kBooted,  ///< No HELLO yet: nothing but HELLO and RESET is obeyed.
    kHello,   ///< HELLO was answered; only TICK with token 2 goes on. Until then nothing with a token is sent.
    kUp
  };

  /// The bytes of one poll(): as many as can have waited when it began. 65,535 where that has no limit.
  static constexpr size_t kPollBytes = kReceiveBytes == 0 || kReceiveBytes > 0xFFFF ? 0xFFFF : kReceiveBytes < 0xFF ? 0xFF : kReceiveBytes;
  typedef typename SmallestCount<(kPollBytes <= 0xFF)>::Type PollCount;

  /// An answer, kept for repeats of its call. Empty when it has no bytes.
  struct Slot {
    uint8_t buffer[Framing::kBefore + kReplyBytes + Framing::kBehind] = {};
    uint16_t contentBytes = 0;
    Writer value() { return Writer(buffer + Framing::kBefore + kMessageBytes, kReplyBytes - kMessageBytes); }
    uint8_t token() const { return buffer[Framing::kBefore + 1]; }
  };

  void handle(const uint8_t* content, size_t bytes) {
    const uint8_t action = content[0];
    const uint8_t token = content[1];
    Reader value(content + kMessageBytes, bytes - kMessageBytes);
    if (action == action::kHello) return hello(token, value);
    if (action == action::kReset && self().onReset(value)) return;
    if (state_ == State::kBooted) {
      // Never ERROR, which would belong to another boot's call: the announcement tells that the device has restarted. It is
      // also the answer to a RESET for the boot before, whose own announcement may have been lost.
      if (action == action::kReset || (token != 0 && action < action::kError && action != action::kAck)) announce();
      return;
    }
    if (action == action::kAck) {
      if (!self().onAck(token, value)) dropMessage();
    } else if (token == 0) {
      cast(action, value);
    } else if (action >= action::kError) {
      if (!self().onAnswer(action, token, value)) dropMessage();
    } else if (token == expected_) {
      call(action, token, value);
    } else {
      repeat(token);
    }
    self().onGoodFrame();
  }

  void hello(uint8_t token, Reader& value) {
    uint16_t fields = 0;
    uint8_t version = 0;
    uint32_t session = 0;
    uint32_t windowBytes = 0;
    uint32_t heartbeatMs = 0;
    if (token != kHelloToken || value.readArray(&fields) != Status::kOk || fields < 2 ||
        Wire<uint8_t>::read(value, &version) != Status::kOk || version == 0 ||
        Wire<uint32_t>::read(value, &session) != Status::kOk || (fields > 2 && !readOptional(value, &windowBytes)) ||
        (fields > 3 && !readOptional(value, &heartbeatMs)) || (fields <= 4 && !value.atEnd())) {
      // An announcement that came back, or nothing of ours: an answer could not help.
      dropMessage();
      return;
    }
    self().readLaterFields(value);
    state_ = State::kHello;
    expected_ = kFirstToken;
    for (uint8_t i = 0; i < kWindow; ++i) slots_[i].contentBytes = 0;
    self().onHello(heartbeatMs);
    introduce(action::kReply, kHelloToken, &session);
    self().onGoodFrame();
  }

  /// A field of HELLO that may be nil. False when it is neither that nor a u32.
  PORTWIRE_NOINLINE static bool readOptional(Reader& value, uint32_t* number) {
    return !value.atEnd() && (value.takeNil() || Wire<uint32_t>::read(value, number) == Status::kOk);
  }

  void announce() { introduce(action::kHello, 0, nullptr); }

  /// The device's HELLO: the reply, or without a session the announcement. No answer is held at either time, so a slot is free.
  void introduce(uint8_t action, uint8_t token, const uint32_t* session) {
    Slot& slot = slots_[0];
    Writer value = slot.value();
    value.writeArray(15 + Top::kLaterFields);
    value.writeByte(kProtocolVersion);
    if (session)
      value.writeUnsigned(*session);
    else
      value.writeNil();
    value.writeUnsigned(epoch_);
    value.writeByte(static_cast<uint8_t>(Board::resetCause()));
    writeSize<kReceiveBytes>(value);
    writeSize<kMaxContentBytes>(value);
    value.writeByte(kWindow);
    value.writeUnsigned(Contract::kHash);
    value.writeUnsigned(self().oldestEvent());
    value.writeUnsigned(self().deadManMs());
    value.writeUnsigned(Top::features());
    value.writeUnsigned(Board::nowMs());
    value.writeFlashText(Contract::firmwareVersion(), 2 + Top::kLaterBytes);
    value.writeFlashText(Contract::name(), 1 + Top::kLaterBytes);
    value.writeFlashText(Contract::version(), Top::kLaterBytes);
    self().writeLaterFields(value);
    send(slot.buffer, action, token, value.bytes());
  }

  /// A byte where one is enough costs less flash.
  template <size_t kSize> static void writeSize(Writer& value) {
    if (kSize < 0x80)
      value.writeByte(static_cast<uint8_t>(kSize));
    else
      value.writeUnsigned(static_cast<uint32_t>(kSize));
  }

  /// Token 0: nobody waits for an answer.
  void cast(uint8_t action, Reader& value) {
    self().onCall(0);
    const uint8_t error = state_ == State::kUp ? run(action, value, nullptr) : codeOf(ErrorCode::kNotReady);
    if (error != 0 && error < codeOf(ErrorCode::kFirstOfApplication))
      dropMessage();
    else
      self().onTaken();
  }

  void call(uint8_t action, uint8_t token, Reader& value) {
    if (state_ == State::kHello && action != action::kTick) {
      drops_.add(Drop::kToken);
      return;
    }
    expected_ = nextToken(token);
    self().onTaken();
    self().onCall(token);
    Slot& slot = slots_[kWindow == 1 ? 0 : newest_ = static_cast<uint8_t>((newest_ + 1) % kWindow)];
    slot.contentBytes = 0;
    badArgument_ = 0;
    Writer reply = slot.value();
    uint8_t error;
    if (action < kFirstProtocolAction)
      error = run(action, value, &reply);
    else if (action == action::kTick)
      error = tick(value, reply);
    else if (action == action::kSkip)
      error = codeOf(value.takeNil() && value.atEnd() ? ErrorCode::kSkipped : ErrorCode::kBadArguments);
    else
      error = self().onProtocolCall(action, value, reply);
    if (Top::kAcknowledges && slot.contentBytes != 0) return;
    if (error == 0 && reply.overflowed()) error = codeOf(ErrorCode::kReplyTooLarge);
    uint8_t answer = action::kReply;
    if (error != 0) {
      answer = action::kError;
      reply = slot.value();
      writeError<Contract>(reply, error, badArgument_);
    }
    slot.contentBytes = static_cast<uint16_t>(kMessageBytes + reply.bytes());
    send(slot.buffer, answer, token, reply.bytes());
  }

  /// Not the next token: a repeat of a call is answered as before, and the handler does not run again.
  void repeat(uint8_t token) {
    for (uint8_t i = 0; i < kWindow; ++i) {
      Slot& slot = slots_[i];
      if (slot.contentBytes == 0 || slot.token() != token) continue;
      Framing::send(line_, slot.buffer, slot.contentBytes);
      self().onRepeat();
      return;
    }
    drops_.add(Drop::kToken);
  }

  uint8_t tick(Reader& value, Writer& reply) {
    if (!value.takeNil() || !value.atEnd()) return codeOf(ErrorCode::kBadArguments);
    state_ = State::kUp;
    reply.writeArray(3);
    reply.writeUnsigned(Board::nowMs());
    reply.writeUnsigned(self().plainEvents());
    reply.writeUnsigned(epoch_);
    return 0;
  }

  /// Runs the handler of an action of the contract. Returns 0 or the number of the ERROR.
  uint8_t run(uint8_t action, const Reader& value, Writer* reply) {
    if (action >= Contract::kActions || !handlers_[action].invoke) return codeOf(ErrorCode::kUnknownAction);
    const Handler& handler = handlers_[action];
    typename Top::Invocation invocation(value, self());
    enterHandler();
    const uint8_t error = handler.invoke(handler.function, handler.context, invocation, reply);
    leaveHandler();
    badArgument_ = invocation.badArgument();
    if (badArgument_ > (Contract::kMaxArguments > 9 ? kMaxValues : 9)) badArgument_ = 0;
    if (Contract::kHasRanges && invocation.outOfRange()) badArgument_ |= kOutOfRange;
    return error;
  }

  uint32_t epoch_ = 0;
  State state_ = State::kBooted;
  uint8_t expected_ = 0;
  uint8_t newest_ = 0;
  uint8_t badArgument_ = 0;  ///< Of the call that is running: which of its arguments could not be taken; 0: none.
  bool inHandler_ = false;
  Drops drops_;
  typename Framing::template Receiver<kMaxContentBytes> receiver_;
  Handler handlers_[Contract::kActions == 0 ? 1 : Contract::kActions] = {};
  Slot slots_[kWindow];
};

}  // namespace detail
}  // namespace portwire

#endif
