// Feature: plain events. BIND says which the host wants; they are sent once, counted, and never kept.
#ifndef PORTWIRE_PLAIN_EVENTS_H
#define PORTWIRE_PLAIN_EVENTS_H

#include "session.h"

namespace portwire {

/// RAM: one bit for each index of the contract, and 4 bytes.
struct PlainEvents {
  template <class Below, class Contract> class Layer : public Below {
    static_assert(Contract::kIndexes > 0, "PlainEvents needs a contract with members");

   public:
    using Below::emit;

    /// Sends the event if the host has bound it; says whether it did. Waits while the line takes no more.
    template <uint8_t kIndex, class... Fields>
    bool emit(Event<kIndex, Fields...>, typename detail::Parameter<Fields>::Type... fields) {
      static_assert(kIndex < Contract::kIndexes, "the contract's kIndexes must be above every index");
      static_assert(detail::ArrayBytes<Fields...>::kValue != kUnbounded, "an event's texts and bytes need a maximum");
      if (!bound(kIndex)) return false;
      typename Below::template Message<detail::ArrayBytes<Fields...>::kValue> message;
      Writer value = message.value();
      detail::writeValues(value, fields...);
      ++sent_;
      this->send(message.buffer, kIndex, 0, value.bytes());
      return true;
    }

    /// True when the host listens: for an event that is costly to make.
    template <uint8_t kIndex, class... Fields> bool bound(Event<kIndex, Fields...>) const { return bound(kIndex); }

   protected:
    static constexpr uint16_t features() { return Below::features() | feature::kBind; }
    uint32_t plainEvents() const { return sent_; }

    void onHello(uint32_t heartbeatMs) {
      for (uint8_t i = 0; i < sizeof bound_; ++i) bound_[i] = 0;
      sent_ = 0;
      Below::onHello(heartbeatMs);
    }

    uint8_t onProtocolCall(uint8_t action, Reader& value, Writer& reply) {
      if (action != action::kBind) return Below::onProtocolCall(action, value, reply);
      uint16_t fields = 0;
      uint32_t index = 0;
      bool isOn = false;
      // A later version may append fields.
      if (value.readArray(&fields) != Status::kOk || fields < 2 ||
          value.readUnsigned(&index, Contract::kIndexes - 1) != Status::kOk || value.readBool(&isOn) != Status::kOk ||
          (fields == 2 && !value.atEnd()))
        return detail::codeOf(ErrorCode::kBadArguments);
      const uint8_t bit = maskOf(static_cast<uint8_t>(index));
      uint8_t& byte = bound_[index / 8];
      byte = static_cast<uint8_t>(isOn ? byte | bit : byte & ~bit);
      return detail::writeVoid(&reply);
    }

   private:
    static constexpr uint8_t maskOf(uint8_t index) { return static_cast<uint8_t>(1 << (index % 8)); }
    bool bound(uint8_t index) const { return this->inSession() && (bound_[index / 8] & maskOf(index)) != 0; }

    uint32_t sent_ = 0;  ///< In this session.
    uint8_t bound_[(Contract::kIndexes + 7) / 8] = {};
  };
};

}  // namespace portwire

#endif
