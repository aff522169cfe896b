// Every number of the wire. The shared test vectors hold it to the host's.
#ifndef PORTWIRE_PROTOCOL_H
#define PORTWIRE_PROTOCOL_H

#include "polyfills.h"

namespace portwire {

constexpr uint8_t kProtocolVersion = 1;  ///< What HELLO tells.

/// Actions below this are the contract's.
constexpr uint8_t kFirstProtocolAction = 0xF0;

namespace action {
constexpr uint8_t kHello = 0xF0;  ///< Begins a session; from a device with token 0: it has booted.
constexpr uint8_t kTick = 0xF1;  ///< The heartbeat, and the end of a hello.
constexpr uint8_t kDescribe = 0xF2;  ///< Asks for the contract's descriptor, piece by piece.
constexpr uint8_t kBind = 0xF3;  ///< Switches a plain event on or off.
constexpr uint8_t kReset = 0xF4;  ///< Restarts the device.
constexpr uint8_t kLog = 0xF5;  ///< A line for the host's log.
constexpr uint8_t kStats = 0xF6;  ///< Asks for the device's counters.
constexpr uint8_t kEndOfInput = 0xF7;  ///< The host calls no more.
constexpr uint8_t kExit = 0xF8;  ///< The program has ended, the last of the events.
constexpr uint8_t kResult = 0xF9;  ///< The end of a job.
constexpr uint8_t kSkip = 0xFA;  ///< Stands in the place of a token that is given up, or of events that were dropped.
constexpr uint8_t kAck = 0xFB;  ///< A call has become a job; or an event is finished with.
constexpr uint8_t kCancel = 0xFC;  ///< The host wants a job to end.
constexpr uint8_t kNext = 0xFD;  ///< An item of a job.
constexpr uint8_t kError = 0xFE;  ///< The answer to a call that failed.
constexpr uint8_t kReply = 0xFF;  ///< The answer to a call.
}  // namespace action

/// Bits of `features` in HELLO.
namespace feature {
constexpr uint16_t kBind = 1;  ///< Feature PlainEvents.
constexpr uint16_t kAcknowledgedEvents = 2;  ///< Feature AcknowledgedEvents.
constexpr uint16_t kRequests = 4;  ///< Feature Requests.
constexpr uint16_t kJobs = 8;  ///< Feature Jobs.
constexpr uint16_t kDescribe = 16;  ///< Feature Describe.
constexpr uint16_t kStats = 32;  ///< Feature Stats.
constexpr uint16_t kLog = 64;  ///< Feature Log.
constexpr uint16_t kResetApplication = 128;  ///< Feature RemoteReset.
constexpr uint16_t kResetBootloader = 256;  ///< RESET into a bootloader; no feature of this library says it.
constexpr uint16_t kEndOfInput = 512;  ///< Feature EndOfInput.
constexpr uint16_t kDeadMan = 1024;  ///< Feature DeadMan.
constexpr uint16_t kBaudRates = 2048;  ///< Feature BaudRates.
}  // namespace feature

/// Why the device booted, as HELLO tells it.
enum class ResetCause : uint8_t {
  kUnknown = 0,  ///< Chip or bootloader do not tell.
  kPowerOn = 1,  ///< The supply came on.
  kExternal = 2,  ///< The reset pin: a button, or DTR on many boards.
  kBrownOut = 3,  ///< The supply was too low for a while.
  kWatchdog = 4,  ///< The watchdog was not fed.
  kSoftware = 5  ///< The program restarted itself: RESET, for one.
};

/// What RESET asks for.
enum class ResetKind : uint8_t {
  kApplication = 0,  ///< The program begins anew.
  kBootloader = 1    ///< The bootloader waits for a new program. A Device does not obey it.
};

/// Syslog's severities (RFC 5424, table 2).
enum class Severity : uint8_t {
  kEmergency = 0,  ///< The system is unusable.
  kAlert = 1,  ///< Somebody must act at once.
  kCritical = 2,  ///< A critical condition.
  kError = 3,  ///< Something failed.
  kWarning = 4,  ///< Something may fail.
  kNotice = 5,  ///< Normal, and worth to be known.
  kInfo = 6,  ///< Normal.
  kDebug = 7  ///< For who looks for a fault.
};

constexpr uint8_t kHelloToken = 1;  ///< Of the host's HELLO.
constexpr uint8_t kFirstToken = 2;  ///< Of the host's calls: HELLO was 1.

/// Tokens count 1, 2, ... 255, 1 ...; 0 means that no answer is wanted.
constexpr uint8_t nextToken(uint8_t token) { return token == 255 ? uint8_t(1) : uint8_t(token + 1); }

constexpr size_t kLengthBytes = 2;  ///< In front of a packet, and first in a frame.
constexpr size_t kMessageBytes = 2;  ///< Action and token.
constexpr size_t kCrcBytes = 2;  ///< Last in a frame.

/// Milliseconds before a device repeats something for the first time; then it doubles.
constexpr uint16_t kFirstRepeatMs = 50;
/// After a change of the baud rate, milliseconds without a good frame until the device is at its opening rate again; later on
/// three heartbeats.
constexpr uint16_t kBaudTrialMs = 1000;
/// The baud rate does not change for a host whose heartbeat is longer than this.
constexpr uint16_t kMaxBaudHeartbeatMs = 2000;
/// Assumed when HELLO does not tell.
constexpr uint16_t kDefaultHeartbeatMs = 1000;

}  // namespace portwire

#endif
