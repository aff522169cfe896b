// Every number of the wire. The shared test vectors hold it to the host's.
#ifndef PORTWIRE_PROTOCOL_H
#define PORTWIRE_PROTOCOL_H

#include "polyfills.h"

namespace portwire {

constexpr uint8_t kProtocolVersion = 1;

/// Actions below this are the contract's.
constexpr uint8_t kFirstProtocolAction = 0xF0;

namespace action {
constexpr uint8_t kHello = 0xF0;
constexpr uint8_t kTick = 0xF1;
constexpr uint8_t kDescribe = 0xF2;
constexpr uint8_t kBind = 0xF3;
constexpr uint8_t kReset = 0xF4;
constexpr uint8_t kLog = 0xF5;
constexpr uint8_t kStats = 0xF6;
constexpr uint8_t kEndOfInput = 0xF7;
constexpr uint8_t kExit = 0xF8;
constexpr uint8_t kResult = 0xF9;
constexpr uint8_t kSkip = 0xFA;
constexpr uint8_t kAck = 0xFB;
constexpr uint8_t kCancel = 0xFC;
constexpr uint8_t kNext = 0xFD;
constexpr uint8_t kError = 0xFE;
constexpr uint8_t kReply = 0xFF;
}  // namespace action

/// Bits of `features` in HELLO.
namespace feature {
constexpr uint16_t kBind = 1;
constexpr uint16_t kAcknowledgedEvents = 2;
constexpr uint16_t kRequests = 4;
constexpr uint16_t kJobs = 8;
constexpr uint16_t kDescribe = 16;
constexpr uint16_t kStats = 32;
constexpr uint16_t kLog = 64;
constexpr uint16_t kResetApplication = 128;
constexpr uint16_t kResetBootloader = 256;
constexpr uint16_t kEndOfInput = 512;
constexpr uint16_t kDeadMan = 1024;
constexpr uint16_t kBaudRates = 2048;
}  // namespace feature

/// Why the device booted, as HELLO tells it.
enum class ResetCause : uint8_t {
  kUnknown = 0,
  kPowerOn = 1,
  kExternal = 2,
  kBrownOut = 3,
  kWatchdog = 4,
  kSoftware = 5
};

/// What RESET asks for.
enum class ResetKind : uint8_t { kApplication = 0, kBootloader = 1 };

/// Syslog's severities (RFC 5424, table 2).
enum class Severity : uint8_t {
  kEmergency = 0,
  kAlert = 1,
  kCritical = 2,
  kError = 3,
  kWarning = 4,
  kNotice = 5,
  kInfo = 6,
  kDebug = 7
};

constexpr uint8_t kHelloToken = 1;
constexpr uint8_t kFirstToken = 2;  ///< Of the host's calls: HELLO was 1.

/// Tokens count 1, 2, ... 255, 1 ...; 0 means that no answer is wanted.
constexpr uint8_t nextToken(uint8_t token) { return token == 255 ? uint8_t(1) : uint8_t(token + 1); }

constexpr size_t kLengthBytes = 2;
constexpr size_t kMessageBytes = 2;  ///< Action and token.
constexpr size_t kCrcBytes = 2;

/// Milliseconds before a device repeats something for the first time; then it doubles.
constexpr uint16_t kFirstRepeatMs = 50;
/// After a change of the baud rate, milliseconds without a good frame until the device is at its opening rate again; later on
/// three heartbeats. It does not change for a host whose heartbeat is longer than this.
constexpr uint16_t kBaudTrialMs = 1000;
constexpr uint16_t kMaxBaudHeartbeatMs = 2000;
/// Assumed when HELLO does not tell.
constexpr uint16_t kDefaultHeartbeatMs = 1000;

}  // namespace portwire

#endif
