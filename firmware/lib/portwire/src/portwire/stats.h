// Feature: STATS, the device's counters for the host.
#ifndef PORTWIRE_STATS_H
#define PORTWIRE_STATS_H

#include "session.h"

namespace portwire {

namespace detail {

/// Whether a Line knows what it has lost.
template <class Line> class KnowsLosses {
  template <class L> static auto look(const L* line) -> decltype(line->losses(), char());
  static long look(const void*);

 public:
  static constexpr bool kValue = sizeof(look(static_cast<const Line*>(nullptr))) == sizeof(char);
};

template <bool kKnown> struct TellLosses {
  static constexpr uint8_t kCounters = 0;
  template <class Line> static void write(const Line&, Writer&) {}
};
template <> struct TellLosses<true> {
  static constexpr uint8_t kCounters = 2;
  template <class Line> static void write(const Line& line, Writer& reply) {
    const ReceiveLosses losses = line.losses();
    reply.writeUnsigned(losses.ringBytes);
    reply.writeUnsigned(losses.overruns);
  }
};

}  // namespace detail

/// Beside the session's counters, those of a Line that knows what it has lost. RAM: 12 bytes.
struct Stats {
  template <class Below, class Contract> class Layer : public Below {
   protected:
    static constexpr uint16_t features() { return Below::features() | feature::kStats; }

    void onTaken() {
      ++taken_;
      Below::onTaken();
    }
    void onRepeat() {
      ++repeats_;
      Below::onRepeat();
    }
    void onEventDropped() {
      ++eventsDropped_;
      Below::onEventDropped();
    }

    uint8_t onProtocolCall(uint8_t action, Reader& value, Writer& reply) {
      if (action != action::kStats) return Below::onProtocolCall(action, value, reply);
      if (!value.takeNil() || !value.atEnd()) return detail::codeOf(ErrorCode::kBadArguments);
      const Drops& drops = this->drops();
      typedef detail::TellLosses<detail::KnowsLosses<typename Below::Line>::kValue> Losses;
      reply.writeArray(6 + Losses::kCounters);
      reply.writeUnsigned(taken_);
      reply.writeUnsigned(repeats_);
      reply.writeUnsigned(drops[Drop::kToken]);
      reply.writeUnsigned(drops[Drop::kMessage]);
      reply.writeUnsigned(drops.frames());
      reply.writeUnsigned(eventsDropped_);
      Losses::write(this->line(), reply);
      return 0;
    }

   private:
    uint32_t taken_ = 0;  ///< Calls in their turn, this one too, and casts that ran.
    uint32_t repeats_ = 0;
    uint32_t eventsDropped_ = 0;
  };
};

}  // namespace portwire

#endif
