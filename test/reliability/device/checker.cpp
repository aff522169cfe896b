// The device of the checker on the C++ library, compiled to WebAssembly: one instance is one boot, the host gives it time and
// bytes, and what it does is told by the imports.
#include "checker_contract.h"

#ifndef CHECKER_WINDOW
#define CHECKER_WINDOW 1
#endif

#define IMPORT(name) extern "C" __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

IMPORT(nowMs) uint32_t hostNowMs();
IMPORT(write) void hostWrite(uint32_t byte);
IMPORT(commit) void hostCommit();
IMPORT(available) uint32_t hostAvailable();
IMPORT(read) uint32_t hostRead();
IMPORT(restart) void hostRestart();
IMPORT(setBaudRate) void hostSetBaudRate(uint32_t baudRate);
IMPORT(ran) void hostRan(uint32_t id);
IMPORT(noted) void hostNoted(uint32_t id);
IMPORT(counted) void hostCounted(uint32_t id);
IMPORT(answered) void hostAnswered(uint32_t outcome, uint32_t value);

namespace {

uint32_t bootEpoch = 0;
portwire::ResetCause bootCause = portwire::ResetCause::kUnknown;

struct WasmBoard {
  static uint32_t nowMs() { return hostNowMs(); }
  static uint32_t nextEpoch() { return bootEpoch; }
  static portwire::ResetCause resetCause() { return bootCause; }
  static void restart() { hostRestart(); }
};

/// As an Uno has it, but for the window.
struct CheckerLine {
  typedef portwire::Frames Framing;
  typedef WasmBoard Board;
  static constexpr size_t kReceiveBytes = 63;
  static constexpr size_t kMaxContentBytes = 56;
  static constexpr size_t kReplyBytes = 64;
  static constexpr uint8_t kWindow = CHECKER_WINDOW;

  void begin() {}
  bool available() { return hostAvailable() != 0; }
  uint8_t read() { return static_cast<uint8_t>(hostRead()); }
  void write(uint8_t byte) { hostWrite(byte); }
  void commit() { hostCommit(); }
  void flush() {}
  /// What was written leaves first.
  void setBaudRate(uint32_t baudRate) { hostSetBaudRate(baudRate); }
};

}  // namespace

#include "checker_application.h"

/// The bytes of a block follow from its number, so that a damaged one shows. The view lasts until the next call.
static portwire::Bytes<15> padOf(uint32_t n) {
  static uint8_t bytes[15];
  for (uint8_t i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<uint8_t>(n * 31u + i * 7u);
  return {bytes, sizeof bytes};
}

EXPORT(begin) void checkerBegin(uint32_t epoch, uint32_t cause) {
  bootEpoch = epoch;
  bootCause = static_cast<portwire::ResetCause>(cause);
  beginChecker();
}

EXPORT(poll) void checkerPoll() { pollChecker(); }

EXPORT(alarm) uint32_t checkerAlarm(uint32_t n) { return emitAlarm(n) ? 1 : 0; }
EXPORT(sample) uint32_t checkerSample(uint32_t n) { return port.emit(checker::kSample, n) ? 1 : 0; }
EXPORT(record) uint32_t checkerRecord(uint32_t n) { return port.emit(checker::kRecord, n, padOf(n)) ? 1 : 0; }
EXPORT(block) uint32_t checkerBlock(uint32_t n) { return port.emit(checker::kBlock, n, padOf(n)) ? 1 : 0; }
EXPORT(ask) uint32_t checkerAsk(uint32_t n, uint32_t deadlineMs) { return askHost(n, deadlineMs) ? 1 : 0; }
EXPORT(inSession) uint32_t checkerInSession() { return port.inSession() ? 1 : 0; }
EXPORT(keptEvents) uint32_t checkerKeptEvents() { return port.keptEvents(); }
