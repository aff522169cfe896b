// A device that sends plain events in bursts, as fast as they are read.
#include <portwire.h>

#include "events_contract.h"

static portwire::Device<portwire::StdioLine, meter::Contract, portwire::PlainEvents> port;

static uint32_t readings = 0;

static uint32_t burst(uint32_t count) {
  for (uint32_t sent = 0; sent < count; ++sent, ++readings) {
    port.emit(meter::kReading, readings, 20.0f + static_cast<float>(readings % 100) / 10.0f);
  }
  return readings;
}

int main() {
  port.line().open(0, 1);
  port.on(meter::kBurst, burst);
  port.begin();
  while (!port.line().ended()) {
    port.poll();
    port.line().wait(1000);
  }
}
