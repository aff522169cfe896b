// The members of a contract as C++ types. `portwire generate` writes one constant for each; these tags are empty and cost nothing.
#ifndef PORTWIRE_CONTRACT_H
#define PORTWIRE_CONTRACT_H

#include "protocol.h"

namespace portwire {

/// Several values of the types `T` by position, where one type is asked for: the items of a stream.
template <class... T> struct Fields {};

/// An action: its index `kIndex`, 0 to 239, and as `Signature` the handler that the contract asks for: `constexpr portwire::Action<1, float(float)> kSetVent = {};`
/// `Item` is what it sends on its way as a job: one type, or Fields; void: nothing is declared.
/// `Together` is a plain struct with a field for each argument, in their order, for a handler that takes all in one; void: there is none.
template <uint8_t kIndex, class Signature, class Item = void, class Together = void> struct Action {
  static_assert(kIndex < kFirstProtocolAction, "240 to 255 are the protocol's own");
};

/// A plain event of index `kIndex` with values of the types `Fields`: sent only while the host listens, and a lost one is only counted.
template <uint8_t kIndex, class... Fields> struct Event {
  static_assert(kIndex < kFirstProtocolAction, "240 to 255 are the protocol's own");
};

/// An acknowledged event of index `kIndex` with values of the types `Fields`: kept until the host's consumer has finished with it.
template <uint8_t kIndex, class... Fields> struct AcknowledgedEvent {
  static_assert(kIndex < kFirstProtocolAction, "240 to 255 are the protocol's own");
};

/// What the device asks of the host: its index `kIndex`, and as `Signature` the type of the answer and those of the arguments:
/// `float(uint8_t zone)`.
template <uint8_t kIndex, class Signature> struct Request {
  static_assert(kIndex < kFirstProtocolAction, "240 to 255 are the protocol's own");
};

/// What HELLO tells of a contract. A generated contract derives from this; so may the firmware, to tell its own version.
struct ContractBase {
  /// FNV-1a of the contract's descriptor. The host compares it at each hello.
  static constexpr uint32_t kHash = 0;
  /// Handlers are kept in a table of this many places: the highest index of an action, plus 1.
  static constexpr uint8_t kActions = 0;
  /// The highest index of all, plus 1.
  static constexpr uint8_t kIndexes = 0;
  /// The contract's name: a PORTWIRE_FLASH_TEXT of at most 31 bytes, or null.
  static const char* name() { return nullptr; }
  /// The contract's version, in the same form.
  static const char* version() { return nullptr; }
  /// The firmware's own version, in the same form.
  static const char* firmwareVersion() { return nullptr; }
  /// An argument has a `min` or a `max`: then the ERROR of one that lies outside says so.
  static constexpr bool kHasRanges = false;
  /// Most arguments that an action takes. The ERROR names the tenth and later ones only where this is above 9.
  static constexpr uint8_t kMaxArguments = 9;
  /// Bytes of descriptor(), without a zero at its end.
  static constexpr uint16_t kDescriptorBytes = 0;
  /// The text that both sides share, for DESCRIBE: a PORTWIRE_FLASH_TEXT.
  static const char* descriptor() { return nullptr; }
};

}  // namespace portwire

#endif
