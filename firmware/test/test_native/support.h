// A line that is two queues, a board whose clock the test moves, and bytes written as hex.
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

// PlatformIO's package has it without the folder that Debian's has.
#if __has_include(<doctest.h>)
#include <doctest.h>
#else
#include <doctest/doctest.h>
#endif
#include <portwire.h>

#include <deque>
#include <string>
#include <vector>

typedef std::vector<uint8_t> Content;

inline Content fromHex(const std::string& hex) {
  Content bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(static_cast<uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

inline std::string toHex(const uint8_t* data, size_t bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string hex;
  for (size_t i = 0; i < bytes; ++i) {
    hex += digits[data[i] >> 4];
    hex += digits[data[i] & 15];
  }
  return hex;
}
inline std::string toHex(const Content& content) { return toHex(content.data(), content.size()); }

/// Collects what is written.
struct Sink {
  Content bytes;
  int commits = 0;
  void write(uint8_t byte) { bytes.push_back(byte); }
  void commit() { ++commits; }
};

/// The bytes on the wire for this content.
template <class Framing> Content framed(const Content& content) {
  Content buffer(Framing::kBefore, 0);
  buffer.insert(buffer.end(), content.begin(), content.end());
  buffer.resize(buffer.size() + Framing::kBehind);
  Sink sink;
  Framing::send(sink, buffer.data(), content.size());
  return sink.bytes;
}

struct FakeBoard {
  static uint32_t now;
  static uint32_t epoch;
  static int restarts;
  static uint32_t nowMs() { return now; }
  static uint32_t nextEpoch() { return epoch; }
  static portwire::ResetCause resetCause() { return portwire::ResetCause::kWatchdog; }
  static void restart() { ++restarts; }
};

template <class FramingType = portwire::Frames, size_t kRing = 63, size_t kReply = 64, uint8_t kCalls = 1> struct FakeLine {
  typedef FramingType Framing;
  typedef FakeBoard Board;
  static constexpr size_t kReceiveBytes = kRing;
  static constexpr size_t kMaxContentBytes = kRing - 7;
  static constexpr size_t kReplyBytes = kReply;
  static constexpr uint8_t kWindow = kCalls;

  void begin() {}
  bool available() { return !input.empty(); }
  uint8_t read() {
    const uint8_t byte = input.front();
    input.pop_front();
    return byte;
  }
  void write(uint8_t byte) { output.push_back(byte); }
  void commit() {}
  void flush() { ++flushes; }
  void setBaudRate(uint32_t rate) {
    baudRate = rate;
    bytesAtChange = output.size();
    flushesAtChange = flushes;
  }

  uint32_t baudRate = 0;
  size_t bytesAtChange = 0;  ///< What had been written when the rate was last changed, and how often it had been flushed.
  int flushesAtChange = 0;
  std::deque<uint8_t> input;
  Content output;
  int flushes = 0;
};

/// The host's end of a Device on a FakeLine.
template <class Port, class Framing = portwire::Frames> class Host {
 public:
  explicit Host(Port& device) : port(device) {
    FakeBoard::now = 1000;
    FakeBoard::epoch = 0xC0FFEE01;
    FakeBoard::restarts = 0;
  }

  void put(const Content& bytes) {
    for (uint8_t byte : bytes) port.line().input.push_back(byte);
  }
  void put(const std::string& content) { put(framed<Framing>(fromHex(content))); }

  /// Everything that the device has sent since it was last asked, as hex, a space between messages.
  std::string take() {
    std::string all;
    for (uint8_t byte : port.line().output) {
      const portwire::Received received = receiver.push(byte);
      REQUIRE(received != portwire::Received::kDropped);
      if (received == portwire::Received::kMessage) all += (all.empty() ? "" : " ") + toHex(receiver.content(), receiver.contentBytes());
    }
    port.line().output.clear();
    return all;
  }

  /// What the device sends in answer to this message.
  std::string send(const std::string& content) {
    put(content);
    return poll();
  }
  std::string poll() {
    port.poll();
    while (port.line().available()) port.poll();
    return take();
  }
  std::string after(uint32_t ms) {
    FakeBoard::now += ms;
    return poll();
  }

  /// What it sends again `pause` ms after the last copy. At 250 ms, the bound in a session of startSession(), it may be up to a
  /// quarter earlier.
  std::string repeated(uint32_t pause) {
    const uint32_t least = pause < 250 ? pause : pause - pause / 4;
    const std::string early = after(least - 1);
    if (!early.empty()) return "too early: " + early;
    for (uint32_t ms = least; ms <= pause; ++ms) {
      const std::string said = after(1);
      if (!said.empty()) return said;
    }
    return "";
  }

  /// HELLO with heartbeat 1,000 ms, TICK; leaves a session whose next token is 3.
  void startSession() {
    port.begin();
    take();
    resume();
  }
  void resume() {
    REQUIRE(send("f0019401ce5eed1234cd1000cd03e8").substr(0, 4) == "ff01");
    REQUIRE(send("f102").substr(0, 4) == "ff02");
  }

  Port& port;

 private:
  typename Framing::template Receiver<60000> receiver;
};

#endif
