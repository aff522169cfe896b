// Feature: RESET, the host restarts the device. It needs no session, and only the boot that it names obeys.
#ifndef PORTWIRE_REMOTE_RESET_H
#define PORTWIRE_REMOTE_RESET_H

#include "session.h"

namespace portwire {

/// RAM: 2 bytes.
struct RemoteReset {
  template <class Below, class Contract> class Layer : public Below {
   public:
    /// Runs `handler` when the host restarts this device, before it does: the place to stop a motor. What is sent in it goes out
    /// before the restart, and poll() does nothing inside it. A reset by hand, by DTR or by a watchdog does not ask.
    void onReset(void (*handler)()) { handler_ = handler; }

   protected:
    static constexpr uint16_t features() { return Below::features() | feature::kResetApplication; }

    /// The answer is the announcement of the next boot. False, without a session, when it was for another boot.
    bool onReset(Reader& value) {
      uint16_t fields = 0;
      uint32_t kind = 0;
      uint32_t epoch = 0;
      if (value.readArray(&fields) == Status::kOk && fields >= 2 &&
          value.readUnsigned(&kind, static_cast<uint8_t>(ResetKind::kApplication)) == Status::kOk &&
          value.readUnsigned(&epoch, 0xFFFFFFFF) == Status::kOk && (fields > 2 || value.atEnd()) && epoch == this->epoch()) {
        if (handler_) {
          this->enterHandler();
          handler_();
          this->leaveHandler();
        }
        this->line_.flush();
        Below::Board::restart();
        return true;
      }
      if (!this->inSession()) return false;
      this->dropMessage();
      return true;
    }

   private:
    void (*handler_)() = nullptr;
  };
};

}  // namespace portwire

#endif
