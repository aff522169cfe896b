/** A Port without a device: the test says what it emits and how it answers. */

import type { UntypedPort } from '../../src/gateway/device/untyped-port.js'
import type { EventMeta, PortInfo, PortNotice, PortState } from '../../src/port/index.js'

export interface FakePort extends UntypedPort {
  readonly calls: { readonly action: string; readonly args: unknown; readonly timeoutMs: number | undefined }[]
  /** How calls are answered; default: the arguments come back. */
  answer: (action: string, args: Record<string, unknown>) => Promise<unknown>
  notice(notice: PortNotice): void
  state(state: PortState, more?: Partial<Extract<PortNotice, { kind: 'state' }>>): void
  /** Emits an event; resolves when its consumer has finished. */
  emit(event: string, value: unknown, meta?: Partial<EventMeta>): Promise<void>
  readonly isClosed: boolean
}

export function createFakePort(): FakePort {
  const watchers = new Set<(notice: PortNotice) => void>()
  const listeners = new Map<string, (value: unknown, meta: EventMeta) => void | Promise<void>>()
  let state: PortState = 'opening'
  let session = 0
  const port: FakePort = {
    calls: [],
    answer: async (_action, args) => args,
    isClosed: false,
    call(action, args, options) {
      port.calls.push({ action, args, timeoutMs: options?.timeoutMs })
      return port.answer(action, args)
    },
    on(event, listener) {
      listeners.set(event, listener)
      return () => listeners.delete(event)
    },
    consume(event, consumer) {
      listeners.set(event, consumer)
      return () => listeners.delete(event)
    },
    watch(watcher) {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    ready: async () => {},
    async kill() {
      port.state('backoff', { exit: { kind: 'reset', cause: 'software' } })
      return { kind: 'reset', cause: 'software' }
    },
    async close() {
      Object.assign(port, { isClosed: true })
      port.state('closed', { exit: { kind: 'closed' } })
      return { kind: 'closed' }
    },
    info: () =>
      ({
        name: 'fake',
        link: '/dev/fake',
        contract: 'greenhouse',
        state,
        session,
        restarts: Math.max(0, session - 1),
        waitingCalls: 0,
        unansweredCalls: 0,
        counters: {},
      }) as unknown as PortInfo,
    notice(notice) {
      for (const watcher of watchers) watcher(notice)
    },
    state(next, more = {}) {
      state = next
      if (next === 'running') session += 1
      port.notice({ kind: 'state', state: next, ...more })
    },
    async emit(event, value, meta = {}) {
      const full = { epoch: 0x7f3a91c2, ...meta }
      if (full.id === undefined && meta.number !== undefined) {
        Object.assign(full, { id: `greenhouse:7f3a91c2:${meta.number}` })
      }
      await listeners.get(event)?.(value, full)
    },
  }
  return port
}
