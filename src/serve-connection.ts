/** One host of a served contract: bare packets on its link, the boot that it sees, and how that ends. */

import { type Clock, type Random, systemClock } from './clock.js'
import type { Contract } from './contract/index.js'
import { isThenable } from './deferred.js'
import { RESET_CAUSES } from './exit.js'
import type { Link, LinkHandlers } from './link/index.js'
import { createDeviceSession, type DeviceHandler, type DeviceSession, type Severity } from './port/index.js'
import type { ServeContext, ServeOptions, ServePeer } from './serve.js'
import { Action, createPacketDecoder, createValueCodec, encodePacket } from './wire/index.js'

export interface Connection {
  readonly handlers: LinkHandlers
  emit(event: string, fields: unknown): boolean
  log(severity: Severity, text: string): void
  /** Sends EXIT and closes the link once it is acknowledged, or can no longer be. */
  exit(status: number): Promise<void>
  close(): Promise<void>
}

export interface ConnectionLimits {
  readonly window: number
  readonly keptEvents: number
  readonly contentBytes: number
  readonly queuedBytes: number
  readonly exitMs: number
}

export interface ConnectionOptions {
  readonly contract: Contract
  readonly handlers: { readonly [action: string]: (args: Record<string, unknown>, context: ServeContext) => unknown }
  readonly options: Pick<ServeOptions, 'clock' | 'random' | 'firmwareVersion'> & {
    readonly onEndOfInput?: (host: ServePeer) => unknown
    readonly onReset?: (host: ServePeer) => unknown
  }
  readonly link: Link
  readonly limits: ConnectionLimits
  /** For handlers that still run when the host sends no more. */
  readonly leaveMs: number
  /** The end of its input is told by EXIT 0: the link itself has no status. */
  readonly exitsWithInput: boolean
  /** @param status  what `exit` said, or 1 after a fault */
  readonly over: (status: number | undefined) => void
  /** The host has broken the stream, or `onReset` or `onEndOfInput` has thrown `error`; the connection ends by it. */
  readonly fault: (problem: string, error?: unknown) => void
  readonly skipped: () => void
}

const PREFIX_BYTES = 2

/** It has said hello when this returns. */
export function createConnection(setup: ConnectionOptions): Connection {
  const { contract, link, leaveMs, limits, over, skipped, options } = setup
  const clock: Clock = options.clock ?? systemClock
  const random: Random = options.random ?? Math.random
  const codec = createValueCodec()
  const packets = createPacketDecoder({ prefixBytes: PREFIX_BYTES, maxContentBytes: limits.contentBytes })
  /** Handlers that have not answered yet, onEndOfInput among them. */
  let running = 0
  /** `message`: END_OF_INPUT, the host still reads and acknowledges. `stream`: it has closed its half. */
  let input: 'open' | 'message' | 'stream' = 'open'
  /** Set once `exit` was called. */
  let leaving: Promise<void> | undefined
  let status: number | undefined
  let restarting = false
  let isFull = false
  let device: DeviceSession

  const host: ServePeer = {
    ask: ((request: string, args?: unknown, deadlineMs?: number) =>
      device.ask(request, args, deadlineMs)) as ServePeer['ask'],
    exit: (exitStatus) => void exit(exitStatus),
  }
  const handlers: Record<string, DeviceHandler> = {}
  for (const [name, handler] of Object.entries(setup.handlers)) {
    handlers[name] = (args, { signal, next }) => working(handler(args, { signal, next, ...host } as ServeContext))
  }
  /** Counts what goes on after it has returned. */
  const working = (result: unknown): unknown => {
    if (isThenable(result)) {
      running += 1
      result.then(worked, worked)
    }
    return result
  }
  /** A turn later, when the answer has been written. */
  const worked = () =>
    void clock.after(0, () => {
      running -= 1
      leaveWhenDone()
    })
  const leaveWhenDone = () => {
    if (input === 'open' || running > 0 || leaving || restarting) return
    // Once the host has closed its half it can acknowledge nothing any more.
    if (input === 'message' && device.unfinishedJobs > 0) return
    if (setup.exitsWithInput) void exit(0)
    else void link.close()
  }

  const exit = (exitStatus: number): Promise<void> => {
    if (leaving) return leaving
    const acknowledged = device.exit(exitStatus) // throws before anything has changed
    status = exitStatus
    let cancelWait = () => {}
    const late = new Promise<void>((resolve) => {
      cutWaiting = resolve
      // Nobody can acknowledge any more once the host has closed its half; a turn later the answers have been written.
      cancelWait = clock.after(input === 'stream' ? 0 : limits.exitMs, resolve)
    })
    leaving = Promise.race([acknowledged, late]).then(() => {
      cancelWait()
      return link.close()
    })
    return leaving
  }
  let cutWaiting = () => {}
  let cancelLeave = () => {}

  const broken = (problem: string, error?: unknown) => {
    status ??= 1
    setup.fault(problem, error)
    void (link.kill ? link.kill() : link.close())
  }

  const inputEnded = (how: 'message' | 'stream') => {
    const was = input
    if (how === 'stream') {
      input = 'stream'
      if (packets.inPacket) {
        status ??= 1
        setup.fault(`the input ended inside a packet, after ${packets.heldBytes} bytes of it`)
      }
      cancelLeave = clock.after(leaveMs, () => void link.close())
      if (leaving) return void clock.after(0, cutWaiting)
    } else if (input === 'open') input = 'message'
    if (was === 'open') tell('onEndOfInput', leaveWhenDone)
    else leaveWhenDone()
  }
  /** Calls what the program has for it; then `done`. */
  const tell = (hook: 'onEndOfInput' | 'onReset', done: () => void) => {
    const failed = (error: unknown) =>
      broken(`${hook}: ${error instanceof Error ? error.message : String(error)}`, error)
    try {
      const result = working(options[hook]?.(host))
      if (isThenable(result)) result.then(done).then(undefined, failed)
      else done()
    } catch (error) {
      failed(error)
    }
  }

  const write = (action: number, token: number, value: Uint8Array | undefined) => {
    const content = new Uint8Array(2 + (value?.length ?? 0))
    content.set([action, token])
    if (value) content.set(value, 2)
    if (link.write(encodePacket(content, PREFIX_BYTES))) return
    if (!isFull) {
      isFull = true
      void link.drained().then(() => {
        isFull = false
      })
    } else if (Number(link.info?.()['bytesQueued']) > limits.queuedBytes) void link.kill?.()
  }

  const boot = (cause: (typeof RESET_CAUSES)[number]) => {
    device = createDeviceSession({
      clock,
      random,
      codec,
      contract,
      handlers,
      device: {
        resetCause: RESET_CAUSES.indexOf(cause),
        receiveBytes: 0,
        maxContentBytes: limits.contentBytes,
        window: limits.window,
        firmwareVersion: options.firmwareVersion ?? '',
      },
      maxKeptEvents: limits.keptEvents,
      lossless: true,
      write,
      reset: restart,
      endOfInput: () => inputEnded('message'),
      jobTold: leaveWhenDone,
    })
    device.announce()
  }
  /** The old boot answers nothing more; the new one is announced when the application is ready for it. */
  const restart = () => {
    if (restarting || leaving) return
    restarting = true
    device.abandonCalls()
    tell('onReset', () => {
      restarting = false
      if (leaving) return
      device.stop()
      boot('software')
      leaveWhenDone()
    })
  }
  boot('power_on')

  return {
    handlers: {
      data(bytes) {
        for (const event of packets.push(bytes)) {
          if (event.kind === 'content') {
            if (!restarting || event.bytes[0] === Action.ACK) device.receive(event.bytes)
          }
          // Where the next packet begins cannot be known.
          else
            broken(`a packet of ${event.declaredBytes} bytes was announced; at most ${limits.contentBytes} are taken`)
        }
      },
      inputEnded: () => inputEnded('stream'),
      ended() {
        cancelLeave()
        device.stop()
        over(status)
      },
    },
    emit: (event, fields) => {
      // A host that does not read must not make this program's memory grow.
      if (isFull && !contract.events.get(event)!.acknowledged) {
        skipped()
        return false
      }
      return device.emit(event, fields)
    },
    log(severity, text) {
      if (!isFull) device.log(severity, text)
    },
    exit,
    close() {
      device.stop()
      return link.close()
    },
  }
}
