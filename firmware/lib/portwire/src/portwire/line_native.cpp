#if defined(__linux__) && !defined(ARDUINO)

#include "line_native.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/// The kernel's, whose speeds are numbers; libc's header of the same does not go together with <termios.h>.
struct termios2 {
  tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
  cc_t c_line;
  cc_t c_cc[19];
  speed_t c_ispeed, c_ospeed;
};

namespace portwire {
namespace {

/// Of the first terminal of a program PORTWIRE_TERMINAL_1, of the second 2: "process,master,slave", the descriptors that it takes
/// over when it has restarted, which leaves it its number. A program that it has spawned has another, and opens its own.
constexpr const char* kTerminalVariable = "PORTWIRE_TERMINAL_%u";
/// A UART would take 355 ms for the kernel's 4,096 bytes at 115,200 baud; a host that reads at all is faster than this.
constexpr int kTerminalWaitMs = 50;

bool readable(int fd) {
  pollfd waiting = {fd, POLLIN, 0};
  return poll(&waiting, 1, 0) > 0;
}

}  // namespace

void Descriptors::open(int input, int output) {
  inputFd_ = input;
  outputFd_ = output;
}

const char* Descriptors::openTerminal() {
  static unsigned opened = 0;
  long process = -1;
  int master = -1;
  int slave = -1;
  char variable[sizeof "PORTWIRE_TERMINAL_" + 10];
  snprintf(variable, sizeof variable, kTerminalVariable, ++opened);
  const char* kept = getenv(variable);
  terminalKept_ = kept && sscanf(kept, "%ld,%d,%d", &process, &master, &slave) == 3 && process == getpid();
  if (!terminalKept_) {
    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return nullptr;
    slave = ::open(ptsname(master), O_RDWR | O_NOCTTY);
    termios mode;
    if (slave < 0 || tcgetattr(slave, &mode) != 0) return nullptr;
    cfmakeraw(&mode);
    if (tcsetattr(slave, TCSANOW, &mode) != 0) return nullptr;
    char text[48];
    snprintf(text, sizeof text, "%ld,%d,%d", static_cast<long>(getpid()), master, slave);
    setenv(variable, text, 1);
  }
  fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
  terminal_ = true;
  open(master, master);
  return ptsname_r(master, path_, sizeof path_) == 0 ? path_ : nullptr;
}

bool Descriptors::available() {
  if (inputAt_ < inputBytes_) return true;
  flush();
  if (ended() || !readable(inputFd_)) return false;
  const ssize_t count = ::read(inputFd_, input_, sizeof input_);
  if (count < 0 && (errno == EINTR || errno == EAGAIN || (terminal_ && errno == EIO))) return false;
  if (count <= 0) {
    inputEnded_ = true;
    return false;
  }
  if (deaf()) return false;
  inputAt_ = 0;
  inputBytes_ = static_cast<size_t>(count);
  return true;
}

bool Descriptors::deaf() const {
  termios2 mode;
  return terminal_ && baudRate_ != 0 && ioctl(inputFd_, TCGETS2, &mode) == 0 && mode.c_ospeed != baudRate_;
}

void Descriptors::write(uint8_t byte) {
  if (outputBytes_ == sizeof output_) flush();
  output_[outputBytes_++] = byte;
}

void Descriptors::flush() {
  size_t at = outputBytes_ != 0 && deaf() ? outputBytes_ : 0;
  while (at < outputBytes_ && !outputEnded_) {
    const ssize_t count = ::write(outputFd_, output_ + at, outputBytes_ - at);
    if (count >= 0) {
      at += static_cast<size_t>(count);
    } else if (errno == EAGAIN) {
      pollfd waiting = {outputFd_, POLLOUT, 0};
      if (poll(&waiting, 1, terminal_ ? kTerminalWaitMs : -1) == 0) break;
    } else if (errno != EINTR) {
      outputEnded_ = !terminal_;
      break;
    }
  }
  outputBytes_ = 0;
}

void Descriptors::wait(int ms, int other) {
  if (inputAt_ < inputBytes_) return;
  flush();
  pollfd waiting[2] = {{inputFd_, POLLIN, 0}, {other, POLLIN, 0}};
  poll(waiting, 2, ms);
}

void Descriptors::discard() {
  inputAt_ = inputBytes_ = 0;
  while (available()) inputAt_ = inputBytes_;
}

}  // namespace portwire

#endif
