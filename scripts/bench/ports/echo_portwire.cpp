// The echo in the portwire protocol, by the device library: hello, tokens, its cache of answers and all.
#include <portwire.h>
#include <stdlib.h>

#include "echo_contract.h"

static portwire::Device<portwire::DescriptorLine<portwire::Packets>, echo::Contract> port;

static echo::EchoResult answer(uint32_t id, portwire::Text<16> name, bool on) { return {id, name, on}; }

int main() {
  port.line().open(0, 1);
  port.on(echo::kEcho, answer);
  port.begin();
  while (!port.line().ended()) {
    port.poll();
    port.line().wait(1000);
  }
}
