// Sends every type of a contract back as it came: as a result, in an event of each kind, as an item, and asked of the host.
#include <portwire.h>
#include <signal.h>

#include "types_contract.h"

namespace {

portwire::Device<portwire::StdioLine, types::Contract, portwire::PlainEvents, portwire::AcknowledgedEvents<8, 255>,
                 portwire::Jobs<2, 255>, portwire::Requests<2, 255>>
    port;

uint32_t ran = 0;

/// A handler that answers its argument: by value, or for an array by reference.
template <class T> T same(T value) {
  ++ran;
  return value;
}
template <class T> T sameOf(const T& value) {
  ++ran;
  return value;
}

types::AllResult all(bool flag, uint8_t a, uint16_t b, uint32_t c, uint64_t d, int8_t e, int16_t f, int32_t g, int64_t h, float i,
                     portwire::Float64 j, portwire::Text<8> k, portwire::Bytes<8> l, const portwire::Array<uint64_t, 3>& m) {
  return {flag, a, b, c, d, e, f, g, h, i, j, k, l, m};
}

void told(const portwire::Answer<types::ReflectResult>& answer) {
  if (answer.outcome == portwire::Outcome::kAnswered)
    portwire::ignore(port.emit(types::kKept, answer.value.large, answer.value.small, answer.value.real, answer.value.many));
}

/// By every way that a value has but the result.
void send(types::SendJob job, uint64_t large, int64_t small, portwire::Float64 real, const portwire::Array<portwire::Float64, 3>& many) {
  port.emit(types::kPlain, large, small, real, many);
  job.next(large, small, real, many);
  portwire::ignore(port.ask(types::kReflect, 5000, told, large, small, real, many));
  job.finish(many);
}

}  // namespace

int main() {
  signal(SIGPIPE, SIG_IGN);
  port.on(types::kEchoBool, same<bool>);
  port.on(types::kEchoU8, same<uint8_t>);
  port.on(types::kEchoU16, same<uint16_t>);
  port.on(types::kEchoU32, same<uint32_t>);
  port.on(types::kEchoU64, same<uint64_t>);
  port.on(types::kEchoI8, same<int8_t>);
  port.on(types::kEchoI16, same<int16_t>);
  port.on(types::kEchoI32, same<int32_t>);
  port.on(types::kEchoI64, same<int64_t>);
  port.on(types::kEchoF32, same<float>);
  port.on(types::kEchoF64, same<portwire::Float64>);
  port.on(types::kEchoStr, same<portwire::Text<8>>);
  port.on(types::kEchoBytes, same<portwire::Bytes<8>>);
  port.on(types::kManyBool, sameOf<portwire::Array<bool, 5>>);
  port.on(types::kManyU8, sameOf<portwire::Array<uint8_t, 5>>);
  port.on(types::kManyU16, sameOf<portwire::Array<uint16_t, 5>>);
  port.on(types::kManyU32, sameOf<portwire::Array<uint32_t, 5>>);
  port.on(types::kManyU64, sameOf<portwire::Array<uint64_t, 5>>);
  port.on(types::kManyI8, sameOf<portwire::Array<int8_t, 5>>);
  port.on(types::kManyI16, sameOf<portwire::Array<int16_t, 5>>);
  port.on(types::kManyI32, sameOf<portwire::Array<int32_t, 5>>);
  port.on(types::kManyI64, sameOf<portwire::Array<int64_t, 5>>);
  port.on(types::kManyF32, sameOf<portwire::Array<float, 5>>);
  port.on(types::kManyF64, sameOf<portwire::Array<portwire::Float64, 5>>);
  port.on(types::kManyStr, sameOf<portwire::Array<portwire::Text<>, 5>>);
  port.on(types::kManyBytes, sameOf<portwire::Array<portwire::Bytes<>, 5>>);
  port.on(types::kRangedU8, same<uint8_t>);
  port.on(types::kRangedI64, same<int64_t>);
  port.on(types::kRangedF32, same<float>);
  port.on(types::kRangedF64, same<portwire::Float64>);
  port.on(types::kAll, all);
  port.on(types::kSend, send);
  port.on(types::kRan, [] { return ran; });
  port.line().open(0, 1);
  port.begin();
  while (!port.line().ended()) {
    port.poll();
    port.line().wait(1000);
  }
  return 0;
}
