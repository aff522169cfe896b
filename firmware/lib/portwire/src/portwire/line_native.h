// Lines of a program on Linux: its standard input and output, or a pseudo-terminal that it opens itself.
#ifndef PORTWIRE_LINE_NATIVE_H
#define PORTWIRE_LINE_NATIVE_H

#include "board_native.h"
#include "frame.h"
#include "packet.h"

namespace portwire {

/// Descriptors that bytes are read from and written to, with a buffer each way.
class Descriptors {
 public:
  /// Takes open descriptors. What is written waits for a peer that reads slowly.
  void open(int input, int output);
  /// Opens a pseudo-terminal in raw mode and speaks on its master. The slave stays open here too, so that a host that closes
  /// it is no error, and what nobody reads is dropped, as on a UART. After a restart of the program the same one goes on.
  /// Returns the slave's path, which lasts as long as this does, or null with errno set. A program may have several terminals: after
  /// a restart each is the same again, in the order in which they are opened.
  const char* openTerminal();
  /// True when the terminal was there before this process began: its path is known already.
  bool terminalKept() const { return terminalKept_; }

  bool available();
  uint8_t read() { return input_[inputAt_++]; }
  void write(uint8_t byte);
  /// What is complete leaves together, when all input has been answered.
  void commit() {}
  void flush();
  /// From now on a terminal passes bytes only while its other end is set to the same rate, as a UART would: at another one it
  /// drops them, both ways. Other descriptors have no rate.
  void setBaudRate(uint32_t baudRate) { baudRate_ = baudRate; }

  /// Sends what is complete, then waits until there is input, or `ms`. `other`, if not -1, ends the wait too when it can be read.
  void wait(int ms, int other = -1);
  /// Forgets all input that has come.
  void discard();
  /// The peer has closed the input and all of it was read, or it takes no more output.
  bool ended() const { return inputEnded_ || outputEnded_; }
  /// The peer has closed the input, and all of it was read.
  bool inputEnded() const { return inputEnded_; }

 private:
  static constexpr size_t kBufferBytes = 4096;

  /// The terminal's other end is set to another rate.
  bool deaf() const;

  uint32_t baudRate_ = 0;  ///< 0: any.
  int inputFd_ = -1;
  int outputFd_ = -1;
  char path_[32] = {};
  bool terminal_ = false;
  bool terminalKept_ = false;
  bool inputEnded_ = false;
  bool outputEnded_ = false;
  size_t inputAt_ = 0;
  size_t inputBytes_ = 0;
  size_t outputBytes_ = 0;
  uint8_t input_[kBufferBytes] = {};
  uint8_t output_[kBufferBytes] = {};
};

/// Descriptors as a Line, with `ChosenFraming`; `kContentBytes` is the longest content either way. Nothing is lost between processes, so the window is wide and the ring without limit.
template <class ChosenFraming, size_t kContentBytes = 4096> class DescriptorLine : public Descriptors {
 public:
  typedef ChosenFraming Framing;
  typedef NativeBoard Board;
  static constexpr size_t kReceiveBytes = 0;
  static constexpr size_t kMaxContentBytes = kContentBytes;
  static constexpr size_t kReplyBytes = kContentBytes;
  static constexpr uint8_t kWindow = 16;

  void begin() {}
};

/// `line().open(0, 1)`: a program that is spawned by its host.
typedef DescriptorLine<Packets> StdioLine;
/// `line().openTerminal()`: a program that stands for a board.
typedef DescriptorLine<Frames> TerminalLine;

}  // namespace portwire

#endif
