// Feature: LOG, lines for the host's log. They need no session: what goes wrong at boot can be told.
#ifndef PORTWIRE_LOG_H
#define PORTWIRE_LOG_H

#include "session.h"

#if defined(ARDUINO)
#include <Arduino.h>
#endif

namespace portwire {

/// Lines of up to `kMaxTextBytes` bytes; what is longer is cut. RAM: none but the stack.
template <uint8_t kMaxTextBytes = 48> struct Log {
  template <class Below, class Contract> class Layer : public Below {
   public:
    /// Sends a line, with or without a session; what is longer than `kMaxTextBytes` is cut between two characters.
    void log(Severity severity, const char* text) {
      uint8_t bytes = 0;
      while (bytes < kMaxTextBytes && text[bytes] != 0) ++bytes;
      // A character is not cut in two: UTF-8's continuation bytes are 10xxxxxx.
      if (text[bytes] != 0)
        while (bytes != 0 && (text[bytes] & 0xC0) == 0x80) --bytes;
      logBytes(severity, text, bytes);
    }

#if defined(ARDUINO)
    /// `port.log(portwire::Severity::kNotice, F("text in flash"))`
    void log(Severity severity, const __FlashStringHelper* text) {
      // One byte more than goes out, so that log() sees whether it cuts inside a character.
      char copy[kMaxTextBytes + 2];
      typename detail::SmallestCount<(kMaxTextBytes < 255)>::Type bytes = 0;
      const char* from = reinterpret_cast<const char*>(text);
      while (bytes <= kMaxTextBytes && (copy[bytes] = detail::flashChar(from + bytes)) != 0) ++bytes;
      copy[bytes] = 0;
      log(severity, copy);
    }
#endif

   protected:
    static constexpr uint16_t features() { return Below::features() | feature::kLog; }

   private:
    void logBytes(Severity severity, const char* text, uint8_t bytes) {
      typename Below::template Message<detail::ArrayBytes<uint8_t, Text<kMaxTextBytes>>::kValue> message;
      Writer value = message.value();
      value.writeArray(2);
      value.writeUnsigned(static_cast<uint8_t>(severity));
      value.writeText(text, bytes);
      this->send(message.buffer, action::kLog, 0, value.bytes());
    }
  };
};

}  // namespace portwire

#endif
