// The members of a contract as C++ types. `portwire generate` writes one constant for each; these tags are empty and cost nothing.
#ifndef PORTWIRE_CONTRACT_H
#define PORTWIRE_CONTRACT_H

#include "protocol.h"

namespace portwire {

/// An action: its index, and the handler that the contract asks for: `constexpr portwire::Action<1, float(float)> kSetVent = {};`
template <uint8_t kIndex, class Signature> struct Action {
  static_assert(kIndex < kFirstProtocolAction, "240 to 255 are the protocol's own");
};

/// A plain event: sent only while the host listens, and a lost one is only counted.
template <uint8_t kIndex, class... Fields> struct Event {
  static_assert(kIndex < kFirstProtocolAction, "240 to 255 are the protocol's own");
};

/// An acknowledged event: kept until the host's consumer has finished with it.
template <uint8_t kIndex, class... Fields> struct AcknowledgedEvent {
  static_assert(kIndex < kFirstProtocolAction, "240 to 255 are the protocol's own");
};

/// What HELLO tells of a contract. A generated contract derives from this; so may the firmware, to tell its own version.
struct ContractBase {
  static constexpr uint32_t kHash = 0;
  /// Handlers are kept in a table of this many places: the highest index of an action, plus 1.
  static constexpr uint8_t kActions = 0;
  /// The highest index of all, plus 1.
  static constexpr uint8_t kIndexes = 0;
  // Each a PORTWIRE_FLASH_TEXT of at most 31 bytes, or null.
  static const char* name() { return nullptr; }
  static const char* version() { return nullptr; }
  static const char* firmwareVersion() { return nullptr; }
};

}  // namespace portwire

#endif
