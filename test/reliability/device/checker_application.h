// The application of the checker: what it does is told to its host by hostRan() and the like, as it happens. The file that includes
// this one says what the line is, as `CheckerLine`, and defines those functions.
#ifndef CHECKER_APPLICATION_H
#define CHECKER_APPLICATION_H

#include "checker_contract.h"

namespace {

constexpr uint8_t kJobs = 2;

struct Count {
  checker::CountJob job;
  uint32_t id;
  uint8_t step;
  uint8_t steps;
  uint16_t stepMs;
  uint32_t steppedAtMs;
};

struct Application : checker::Contract {
  static const char* firmwareVersion() { return version(); }
};

portwire::Device<CheckerLine, Application, portwire::AcknowledgedEvents<8, 24>, portwire::PlainEvents, portwire::Jobs<kJobs>,
                 portwire::Requests<2, 6>, portwire::RemoteReset, portwire::BaudRates<115200, 1000000, 250000>>
    port;
Count counts[kJobs];

checker::AddResult add(uint32_t id, portwire::Bytes<32> pad) {
  hostRan(id);
  return {id, pad};
}

checker::PutResult put(uint32_t id, portwire::Bytes<32> pad) {
  hostRan(id);
  return {id, pad};
}

void note(uint32_t id) { hostNoted(id); }

portwire::Result<void> count(checker::CountJob job, uint32_t id, uint8_t steps, uint16_t stepMs) {
  for (Count& place : counts) {
    if (place.job.running()) continue;
    hostCounted(id);
    place = {job, id, 0, steps, stepMs, hostNowMs()};
    return portwire::Result<void>();
  }
  return portwire::Fail(portwire::ErrorCode::kBusy);
}

void step(Count& place) {
  if (!place.job.running()) return;
  if (place.job.cancelled()) {
    place.job.fail(portwire::ErrorCode::kCancelled);
    return;
  }
  if (hostNowMs() - place.steppedAtMs < place.stepMs) return;
  place.steppedAtMs = hostNowMs();
  if (place.step == place.steps) {
    place.job.finish(place.id);
    return;
  }
  place.job.next(place.id, ++place.step);
}

void answered(const portwire::Answer<uint32_t>& answer) {
  hostAnswered(static_cast<uint32_t>(answer.outcome), answer.outcome == portwire::Outcome::kAnswered ? answer.value : 0);
}

void beginChecker() {
  port.on(checker::kAdd, add);
  port.on(checker::kPut, put);
  port.on(checker::kNote, note);
  port.on(checker::kCount, count);
  port.begin();
}

void pollChecker() {
  for (Count& place : counts) step(place);
  port.poll();
}

bool emitAlarm(uint32_t n) { return port.emit(checker::kAlarm, n); }
bool askHost(uint32_t n, uint32_t deadlineMs) { return port.ask(checker::kAsk, deadlineMs, answered, n); }

}  // namespace

#endif
