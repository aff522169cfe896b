// Feature: the dead-man. When the host is silent too long, the device puts its outputs into a safe state by itself.
#ifndef PORTWIRE_DEAD_MAN_H
#define PORTWIRE_DEAD_MAN_H

#include "session.h"

namespace portwire {

/// RAM: 11 bytes.
struct DeadMan {
  template <class Below, class Contract> class Layer : public Below {
   public:
    /// Runs `safeState` once when for `ms` no good frame of the session has come, and again after each silence that follows.
    /// Call it before begin(): HELLO tells the host, whose heartbeat is at most a third of it. The wait ends only after all
    /// bytes that had come were read, so a handler that blocks for long does not run it. poll() does nothing inside `safeState`.
    void deadMan(uint32_t ms, void (*safeState)()) {
      silenceMs_ = ms;
      safeState_ = safeState;
    }

   protected:
    static constexpr uint16_t features() { return Below::features() | feature::kDeadMan; }
    uint32_t deadManMs() const { return silenceMs_; }

    void onGoodFrame() {
      armed_ = silenceMs_ != 0 && safeState_ != nullptr;
      heardAtMs_ = Below::Board::nowMs();
      Below::onGoodFrame();
    }

    void onPoll(bool empty) {
      if (armed_ && empty && static_cast<uint32_t>(Below::Board::nowMs() - heardAtMs_) >= silenceMs_) {
        armed_ = false;
        this->enterHandler();
        safeState_();
        this->leaveHandler();
      }
      Below::onPoll(empty);
    }

   private:
    uint32_t silenceMs_ = 0;
    uint32_t heardAtMs_ = 0;
    void (*safeState_)() = nullptr;
    bool armed_ = false;
  };
};

}  // namespace portwire

#endif
