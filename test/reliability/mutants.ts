/** The rules of the protocol, each switched off in the code: the checker has to see every one of them missing. */

import { ALARMS, HURRY, STORMS, type Weather } from './schedule.js'

export interface Mutant {
  /** The rule, as a sentence. */
  readonly rule: string
  /** Where it is kept, from the root of the repository. */
  readonly file: string
  /** Exactly this text, which is there once ... */
  readonly find: string
  /** ... becomes this. */
  readonly replace: string
  /** The device that shows it. Default TypeScript. */
  readonly device?: 'TypeScript' | 'C++'
  /** The schedules that show it soonest. */
  readonly weather?: Weather
  /** How many events the consumer takes ahead. Default 1. */
  readonly ahead?: number
  /** Schedules of a supervised group show it. Default false. */
  readonly isOfGroup?: boolean
  /** It takes thousands of schedules: `PORTWIRE_SCHEDULES=5000 npx vitest run test/reliability/mutants.test.ts`. */
  readonly isRare?: boolean
}

export const MUTANTS: readonly Mutant[] = [
  {
    rule: 'a frame with a wrong CRC is dropped',
    file: 'src/wire/frame.ts',
    find: "if (crc !== CRC16_RESIDUE) return 'crc'",
    replace: '',
  },
  {
    rule: 'a repeat of a call is answered from the cache, without running it',
    file: 'src/port/device/calls.ts',
    find: 'if (kept) options.write(kept.action, token, kept.value)',
    replace: 'run(answerTo(token))',
  },
  {
    rule: 'only the next token of the lane is taken',
    file: 'src/port/device/calls.ts',
    find: 'if (token !== expected) {',
    replace: 'if (answers.has(token)) {',
  },
  {
    rule: 'a HELLO begins the session anew: the cache of the one before is empty',
    file: 'src/port/device/session.ts',
    find: 'const calls = createCallServer({',
    replace: 'const calls = session?.calls ?? createCallServer({',
  },
  {
    rule: 'the reply to HELLO names the session',
    file: 'src/port/host/handshake.ts',
    find: 'if (hello?.session === round.session) replied(hello)',
    replace: 'if (hello) replied(hello)',
    device: 'C++',
    weather: { noise: { lossRate: 0.01 }, latencyMs: 100, kill: 0.3, freeze: 0.2 },
    isRare: true,
  },
  {
    rule: 'the session is up only when a TICK was answered',
    file: 'src/port/host/session.ts',
    find: 'phase.live.liveness.tick()\n  }',
    replace: 'confirmed()\n  }',
  },
  {
    rule: 'a TICK that names another epoch is a restart',
    file: 'src/port/host/liveness.ts',
    find: 'epoch !== options.epoch',
    replace: 'false',
    weather: STORMS,
  },
  {
    rule: 'bytes in the ring are read by proof only',
    file: 'src/port/host/room.ts',
    find: 'written - read + bytes <= ringBytes',
    replace: 'bytes <= ringBytes',
    device: 'C++',
  },
  {
    rule: 'the n-th answer proves the n-th copy, not the last',
    file: 'src/port/host/call-lane.ts',
    find: 'const end = s.ends[s.answers - 1]',
    replace: 'const end = s.ends.at(-1)',
    device: 'C++',
    weather: { noise: { lossRate: 0.005 }, latencyMs: 0, hang: 0.3, kill: 0, reset: 0, unplug: 0, storm: 0 },
  },
  {
    rule: 'a call that is given up is replaced by SKIP, not left out',
    file: 'src/port/host/call-lane.ts',
    find: 's.action = Action.SKIP',
    replace: 'sent.splice(sent.indexOf(s), 1)',
  },
  {
    rule: 'hello tells the number of the oldest event kept',
    file: 'src/port/host/live.ts',
    find: 'first: hello.eventSeq',
    replace: 'first: 0',
  },
  {
    rule: 'an event is acknowledged when its consumer has finished, not before',
    file: 'src/port/host/event-lane.ts',
    find: 'expected += 1',
    replace: 'expected += 1; finished = expected; acknowledge()',
  },
  {
    rule: 'of events taken ahead, ACK covers those up to the first that is not finished',
    file: 'src/port/host/event-lane.ts',
    find: 'if (work[0] !== item) return',
    replace: 'if (work[0] !== item) return options.acknowledge(eventToken(item.number), undefined)',
    ahead: 64,
    weather: ALARMS,
  },
  {
    rule: 'a session waits for all consumers that the one before has left at work',
    file: 'src/port/host/delivery.ts',
    find: 'if (working.consumers > 0) return',
    replace: '',
    ahead: 64,
    weather: ALARMS,
  },
  {
    rule: 'what was delivered is not delivered again in the next session of the same boot',
    file: 'src/port/host/delivery.ts',
    find: 'mark.epoch === epoch && number < mark.next',
    replace: 'false',
  },
  {
    rule: 'the host takes the next event only',
    file: 'src/port/host/event-lane.ts',
    find: 'if (distance === 0) {',
    replace: 'if (distance < 2) {',
  },
  {
    rule: 'events that were dropped leave their count in their place',
    file: 'src/port/device/events.ts',
    find: 'options.encodeCount(dropped)',
    replace: 'options.encodeCount(1)',
  },
  {
    rule: 'a repeated request does not run its handler again',
    file: 'src/port/host/request-lane.ts',
    find: 'if (token !== expected) {',
    replace: 'if (token !== expected && !answers.has(token)) {',
  },
  {
    rule: 'jobs end with their session',
    file: 'src/port/device/calls.ts',
    find: "else if (was === 'job' && !ended)",
    replace: "else if (was === 'job')",
    weather: { latencyMs: 16, unplug: 0.1, kill: 0.02, noise: {} },
  },
  {
    rule: 'a call that was written ends as unknown with its session',
    file: 'src/port/host/repeat.ts',
    find: "call.failed({ kind: 'exit', outcome: 'unknown', exit })",
    replace: "call.failed({ kind: 'exit', outcome: 'no', exit })",
  },
  {
    rule: 'only calls of idempotent actions are repeated in another session',
    file: 'src/port/host/repeat.ts',
    find: '!call.isRepeatable || ',
    replace: '',
  },
  {
    rule: 'a call is not repeated in another session once a later one was answered',
    file: 'src/port/host/repeat.ts',
    find: 'isPassed || ',
    replace: '',
    weather: { noise: { lossRate: 0.01 }, latencyMs: 1, reset: 0.3, kill: 0, unplug: 0, freeze: 0, hang: 0, storm: 0 },
  },
  {
    rule: 'a call is not repeated in another session in front of one that is not',
    file: 'src/port/host/repeat.ts',
    find: '!call.isEmergency)) break',
    replace: '!call.isEmergency)) continue',
    weather: { latencyMs: 16, reset: 0.2, kill: 0, unplug: 0.1 },
  },
  {
    rule: 'what is repeated goes before calls made later, in its old order',
    file: 'src/port/host/repeat.ts',
    find: 'calls.unshift(call)',
    replace: 'calls.push(call)',
    weather: { latencyMs: 16, reset: 0.2, kill: 0, unplug: 0.1 },
  },
  {
    rule: 'what was written in an earlier session is never said not to have run',
    file: 'src/port/host/made-call.ts',
    find: 'this.leftBy ? unsure(failure, this.leftBy) : failure',
    replace: 'failure',
    weather: { latencyMs: 16, reset: 0.1, kill: 0, unplug: 0.2 },
  },
  {
    rule: 'an emergency goes behind one that was held from before',
    file: 'src/port/host/calls.ts',
    find: "if (call.isEmergency && queue === 'start') hurryHeld()",
    replace: '',
    weather: HURRY,
  },
  {
    rule: 'an emergency that was not written when its session ended stays in front of those made later',
    file: 'src/port/host/call-queue.ts',
    find: '!call.isEmergency || !call.leftBy',
    replace: '!call.isEmergency',
    weather: HURRY,
  },
  {
    rule: 'one_for_all: all are started anew with one that has ended',
    file: 'src/supervision/group.ts',
    find: 'return true\n    case',
    replace: 'return false\n    case',
    isOfGroup: true,
  },
  {
    rule: 'rest_for_one: those started after one that has ended are started anew with it',
    file: 'src/supervision/group.ts',
    find: 'return index > crashed',
    replace: 'return false',
    isOfGroup: true,
  },
  {
    rule: 'a child is started when those before it run',
    file: 'src/supervision/group.ts',
    find: " && before.every((state) => state === 'running' || state === 'gone')",
    replace: '',
    isOfGroup: true,
  },
]
