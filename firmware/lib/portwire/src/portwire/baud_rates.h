// Feature: a baud rate that the host can raise once it knows the device, and that the device takes back when it hears nothing.
#ifndef PORTWIRE_BAUD_RATES_H
#define PORTWIRE_BAUD_RATES_H

#include "session.h"

namespace portwire {
namespace detail {

template <uint32_t... kRates> struct RateList {
  static constexpr bool has(uint32_t) { return false; }
  static void write(Writer&) {}
};
template <uint32_t kFirst, uint32_t... kRest> struct RateList<kFirst, kRest...> {
  static constexpr bool has(uint32_t rate) { return rate == kFirst || RateList<kRest...>::has(rate); }
  static void write(Writer& value) {
    value.writeUnsigned(kFirst);
    RateList<kRest...>::write(value);
  }
};

}  // namespace detail

/// `kOpening` bits per second after each boot, which Device::begin sets by itself; `kOthers` are what HELLO may ask for: rates that
/// the UART really has (16 MHz give 1,000,000, 500,000 and 250,000 exactly). The line needs setBaudRate(). RAM: 14 bytes.
template <uint32_t kOpening, uint32_t... kOthers> struct BaudRates {
  template <class Below, class Contract> class Layer : public Below {
   public:
    /// As Device::begin, with the line set to `kOpening` first.
    template <class... L> void begin(L&&... line) {
      this->line_.begin(line...);
      this->line_.setBaudRate(kOpening);
      Below::begin(line...);
    }

    /// Bits per second now.
    uint32_t baudRate() const { return baudRate_; }

   protected:
    static_assert(sizeof...(kOthers) >= 1 && sizeof...(kOthers) <= 15, "BaudRates<opening, others...> lists 1 to 15 others");
    static_assert(Below::kReplyBytes >= kMessageBytes + 51 + 5 * sizeof...(kOthers),
                  "the reply to HELLO has no room for so many rates: give the line a longer answer");

    static constexpr uint16_t features() { return Below::features() | feature::kBaudRates; }
    static constexpr uint8_t kLaterFields = 1;
    static constexpr uint8_t kLaterBytes = 1 + 5 * sizeof...(kOthers);
    void writeLaterFields(Writer& value) {
      value.writeArray(sizeof...(kOthers));
      detail::RateList<kOthers...>::write(value);
    }

    /// What is no number asks for nothing.
    void readLaterFields(Reader& value) {
      next_ = 0;
      (void)detail::Wire<uint32_t>::read(value, &next_);
    }
    void onHello(uint32_t heartbeatMs) {
      // Without a heartbeat silence would say nothing; with a long one both sides could be apart for long.
      const bool usable = heartbeatMs != 0 && heartbeatMs <= kMaxBaudHeartbeatMs;
      silenceMs_ = usable ? static_cast<uint16_t>(3 * heartbeatMs) : 0;
      if (!usable || !detail::RateList<kOthers...>::has(next_)) next_ = kOpening;
      Below::onHello(heartbeatMs);
    }

    /// The answer to HELLO has been written by then.
    void onGoodFrame() {
      boundMs_ = silenceMs_;
      if (next_ != 0) {
        boundMs_ = kBaudTrialMs;
        change(next_);
        next_ = 0;
      }
      heardAtMs_ = static_cast<uint16_t>(Below::Board::nowMs());
      Below::onGoodFrame();
    }

    void onPoll(bool empty) {
      // 16 bits are enough: after a pause of more than 65 s it may take one bound longer.
      if (empty && baudRate_ != kOpening &&
          static_cast<uint16_t>(static_cast<uint16_t>(Below::Board::nowMs()) - heardAtMs_) >= boundMs_)
        change(kOpening);
      Below::onPoll(empty);
    }

   private:
    void change(uint32_t baudRate) {
      if (baudRate == baudRate_) return;
      this->line_.flush();
      this->line_.setBaudRate(baudRate);
      baudRate_ = baudRate;
    }

    uint32_t baudRate_ = kOpening;
    uint32_t next_ = 0;  ///< What HELLO asks for, until it has been answered.
    uint16_t heardAtMs_ = 0;
    uint16_t boundMs_ = 0;
    uint16_t silenceMs_ = 0;
  };
};

}  // namespace portwire

#endif
