// A board behind a tty whose baud rate the host can raise: frames on a pseudo-terminal whose path it prints.
#include <portwire.h>
#include <stdio.h>

struct Contract : portwire::ContractBase {
  static constexpr uint8_t kActions = 1;
};
constexpr portwire::Action<0, uint32_t()> kBaudRate = {};

static portwire::Device<portwire::TerminalLine, Contract, portwire::BaudRates<115200, 1000000, 123456>> port;

int main() {
  const char* path = port.line().openTerminal();
  if (!path) return 1;
  puts(path);
  fflush(stdout);
  port.on(kBaudRate, [] { return port.baudRate(); });
  port.begin();
  for (;;) {
    port.poll();
    port.line().wait(10);
  }
}
