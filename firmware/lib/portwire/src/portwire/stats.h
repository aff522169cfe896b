// Feature: STATS, the device's counters for the host.
#ifndef PORTWIRE_STATS_H
#define PORTWIRE_STATS_H

#include "session.h"

namespace portwire {

/// RAM: 12 bytes.
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
      reply.writeArray(6);
      reply.writeUnsigned(taken_);
      reply.writeUnsigned(repeats_);
      reply.writeUnsigned(drops[Drop::kToken]);
      reply.writeUnsigned(drops[Drop::kMessage]);
      reply.writeUnsigned(drops.frames());
      reply.writeUnsigned(eventsDropped_);
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
