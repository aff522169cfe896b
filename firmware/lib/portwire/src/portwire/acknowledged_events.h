// Feature: acknowledged events. Each is kept until the host's ACK, across sessions, and repeated until then.
#ifndef PORTWIRE_ACKNOWLEDGED_EVENTS_H
#define PORTWIRE_ACKNOWLEDGED_EVENTS_H

#include "repeat_timer.h"
#include "session.h"

namespace portwire {

/// Keeps up to `kPlaces` events with values of up to `kValueBytes` bytes. RAM: kPlaces * (kValueBytes + 2) + 21.
/// When all places are taken the newest is dropped, and the host is told exactly how many were.
template <uint8_t kPlaces, uint8_t kValueBytes = 12> struct AcknowledgedEvents {
  static_assert(kPlaces >= 2, "the message that tells of dropped events needs a place beside the event");
  static_assert(kValueBytes >= 5, "the message that tells of dropped events has 5 bytes");

  template <class Below, class Contract> class Layer : public Below {
   public:
    using Below::emit;

    /// Takes the event; it goes out with the next poll(). False when all places are taken: it is dropped, and counted. False too
    /// from exit() until the host has acknowledged it: nothing comes after EXIT.
    template <uint8_t kIndex, class... Fields>
    PORTWIRE_MUST_USE bool emit(AcknowledgedEvent<kIndex, Fields...>, typename detail::Parameter<Fields>::Type... fields) {
      static_assert(detail::ArrayBytes<Fields...>::kValue <= kValueBytes, "AcknowledgedEvents needs a larger kValueBytes");
      Writer value(nullptr, 0);
      if (!take(&value, kIndex)) return false;
      detail::writeValues(value, fields...);
      places_[last()].bytes = static_cast<uint8_t>(value.bytes());
      return true;
    }

    /// Tells the host that the program has ended, as the last of its events. False when all places are taken: call it again.
    /// Once is enough: of a second status nothing is told.
    PORTWIRE_MUST_USE bool exit(uint8_t status) {
      if (exiting()) return true;
      if (count_ + (dropped_ != 0 ? 1 : 0) >= kPlaces) return false;
      tellDropped();
      put(action::kExit, status);
      return true;
    }

    /// Events that the host has not finished with.
    uint8_t keptEvents() const { return count_; }

   protected:
    static constexpr uint16_t features() { return Below::features() | feature::kAcknowledgedEvents; }
    uint32_t oldestEvent() const { return oldest_; }

    void onHello(uint32_t heartbeatMs) {
      timer_.onHello(heartbeatMs);
      sent_ = 0;
      furthest_ = 0;
      freshStart();
      Below::onHello(heartbeatMs);
    }

    bool onAck(uint8_t token, Reader& value) {
      uint32_t missing = 0;
      if (token == 0 || !this->inSession()) return false;
      if (!value.takeNil() && value.readUnsigned(&missing, 255) != Status::kOk) return false;
      if (!value.atEnd()) return false;
      const uint8_t finished = static_cast<uint8_t>(aheadOf(token) + 1);
      // 255: the event before the oldest, whose ACK the host repeats.
      if (finished > furthest_ && finished != 255) return false;
      if (finished != 255) {
        finish(finished);
        freshStart();
        tellDropped();
      }
      if (missing == 0) return true;
      const uint8_t gap = aheadOf(static_cast<uint8_t>(missing));
      if (gap >= furthest_) return false;
      if (wentBackTo_ != missing) {
        wentBackTo_ = static_cast<uint8_t>(missing);
        oldestAgain_ = false;
        sent_ = gap;
      }
      return true;
    }

    void onPoll(bool empty) {
      if (count_ != 0 && this->inSession()) {
        if (!Below::Framing::lossless() && sent_ != 0 && timer_.isDue(Below::Board::nowMs())) {
          // Alone: a loss that keeps step with the window would hit the same event each time, if all of them went out again.
          oldestAgain_ = true;
          wentBackTo_ = 0;
          sendAt(0);
        }
        while (sent_ < count_ && sent_ < Below::kWindow) sendNext();
      }
      Below::onPoll(empty);
    }

   private:
    struct Place {
      uint8_t action;
      uint8_t bytes;
      uint8_t value[kValueBytes];
    };

    uint8_t placeOf(uint8_t ahead) const { return static_cast<uint8_t>((first_ + ahead) % kPlaces); }
    uint8_t last() const { return placeOf(static_cast<uint8_t>(count_ - 1)); }
    /// An event's token is its number mod 255, plus 1.
    uint8_t tokenOf(uint8_t ahead) const {
      const uint16_t sum = static_cast<uint16_t>(oldestMod255_ + ahead);
      return static_cast<uint8_t>(sum < 255 ? sum + 1 : sum - 254);
    }
    /// How many events stand before the one with this token: 0 for the oldest.
    uint8_t aheadOf(uint8_t token) const {
      return static_cast<uint8_t>(token > oldestMod255_ ? token - 1 - oldestMod255_ : token + 254 - oldestMod255_);
    }

    /// EXIT is kept.
    bool exiting() const { return count_ != 0 && places_[last()].action == action::kExit; }

    bool take(Writer* value, uint8_t action) {
      if (exiting()) return false;
      if (count_ + (dropped_ != 0 ? 2 : 1) > kPlaces) {
        ++dropped_;
        this->countDroppedEvent();
        return false;
      }
      tellDropped();
      ++count_;
      Place& place = places_[last()];
      place.action = action;
      *value = Writer(place.value, kValueBytes);
      return true;
    }

    void put(uint8_t action, uint32_t number) {
      ++count_;
      Place& place = places_[last()];
      place.action = action;
      Writer value(place.value, kValueBytes);
      value.writeUnsigned(number);
      place.bytes = static_cast<uint8_t>(value.bytes());
    }

    /// SKIP with a number stands where the dropped events would have been.
    void tellDropped() {
      if (dropped_ == 0 || count_ == kPlaces) return;
      put(action::kSkip, dropped_);
      dropped_ = 0;
    }

    void finish(uint8_t events) {
      first_ = placeOf(events);
      count_ = static_cast<uint8_t>(count_ - events);
      furthest_ = static_cast<uint8_t>(furthest_ - events);
      sent_ = sent_ > events && !oldestAgain_ ? static_cast<uint8_t>(sent_ - events) : uint8_t(0);
      oldest_ += events;
      oldestMod255_ = static_cast<uint8_t>(tokenOf(events) - 1);
      timer_.sent(Below::Board::nowMs());
    }

    void freshStart() {
      timer_.progress();
      wentBackTo_ = 0;
      oldestAgain_ = false;
    }

    void sendNext() {
      sendAt(sent_);
      if (++sent_ > furthest_) furthest_ = sent_;
    }

    void sendAt(uint8_t ahead) {
      const Place& place = places_[placeOf(ahead)];
      typename Below::template Message<kValueBytes> message;
      Writer value = message.value();
      for (uint8_t i = 0; i < place.bytes; ++i) value.writeByte(place.value[i]);
      this->send(message.buffer, place.action, tokenOf(ahead), place.bytes);
      timer_.sent(Below::Board::nowMs());
    }

    uint32_t oldest_ = 0;  ///< Number of the oldest event kept, or of the next.
    uint32_t dropped_ = 0;
    detail::RepeatTimer timer_;
    uint8_t oldestMod255_ = 0;
    uint8_t first_ = 0;
    uint8_t count_ = 0;
    uint8_t sent_ = 0;      ///< Sent of those kept, since the last going back.
    uint8_t furthest_ = 0;  ///< Sent in this session: an ACK may name these.
    uint8_t wentBackTo_ = 0;
    bool oldestAgain_ = false;  ///< The timer has sent the oldest again; those behind it follow when that is answered.
    Place places_[kPlaces] = {};
  };
};

}  // namespace portwire

#endif
