// Feature: END_OF_INPUT, the host will send nothing more. The device may still answer and emit, and then exit().
#ifndef PORTWIRE_END_OF_INPUT_H
#define PORTWIRE_END_OF_INPUT_H

#include "session.h"

namespace portwire {

/// RAM: 2 bytes.
struct EndOfInput {
  template <class Below, class Contract> class Layer : public Below {
   public:
    /// Runs `handler` when the host has said that it calls no more. poll() does nothing inside it.
    void onEndOfInput(void (*handler)()) { handler_ = handler; }

   protected:
    static constexpr uint16_t features() { return Below::features() | feature::kEndOfInput; }

    uint8_t onProtocolCall(uint8_t action, Reader& value, Writer& reply) {
      if (action != action::kEndOfInput) return Below::onProtocolCall(action, value, reply);
      if (!value.takeNil() || !value.atEnd()) return detail::codeOf(ErrorCode::kBadArguments);
      if (handler_) {
        this->enterHandler();
        handler_();
        this->leaveHandler();
      }
      return detail::writeVoid(&reply);
    }

   private:
    void (*handler_)() = nullptr;
  };
};

}  // namespace portwire

#endif
