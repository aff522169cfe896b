/** `portwire monitor <device>`: its events, log lines and states, as they come. */

import { systemClock } from '../clock.js'
import { describeExit } from '../exit.js'
import { LIMITS } from '../gateway/limits.js'
import { createLineQuota } from '../gateway/line-quota.js'
import { fieldsToJson } from '../gateway/payload.js'
import { cutLine, printable, printableJson } from '../gateway/printable.js'
import { findDevice, objectOf } from './behind-gateway.js'
import { contractFrom, openBoard } from './described.js'
import { isSerialPath } from './direct.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { ended, type Io, printLine, sayLine } from './io.js'
import { showMembers, showTime } from './show.js'

export interface MonitorCommand {
  readonly device: string
  readonly json: boolean
  readonly baudRate: number | undefined
  readonly contractFile: string | undefined
  readonly readyTimeoutMs: number | undefined
  readonly mqttUrl: string
  readonly baseTopic: string
}

/** One thing that happened. */
type Happening =
  | {
      readonly kind: 'event'
      readonly event: string
      readonly data: Readonly<Record<string, unknown>>
      readonly id?: string
    }
  | { readonly kind: 'state'; readonly state: string; readonly detail?: string }
  | { readonly kind: 'log'; readonly severity: string; readonly message: string }
  | { readonly kind: 'lost'; readonly count: number; readonly reason: string }
  | { readonly kind: 'left_out'; readonly count: number; readonly reason: string }

export async function monitorCommand(io: Io, command: MonitorCommand): Promise<ExitCode> {
  const write = (happening: Happening) => printLine(io, line(happening, new Date(), command.json))
  return isSerialPath(command.device)
    ? await monitorDirect(io, command, write)
    : // The gateway has limited the lines of its devices, and its count of the others is a line that must not be left out.
      await monitorBehindGateway(io, command, (happening) => write(cut(happening)))
}

/** A device that talks without end must not fill a screen, nor the disk behind a pipe. */
function limited(write: (h: Happening) => void) {
  const quota = createLineQuota(LIMITS.logLinesPerSecond, systemClock, (count) =>
    write({ kind: 'left_out', count, reason: `more than ${LIMITS.logLinesPerSecond} a second` }),
  )
  return {
    print(happening: Happening) {
      if (happening.kind !== 'log' || quota.admit()) write(cut(happening))
    },
    close: quota.close,
  }
}

function cut(happening: Happening): Happening {
  if (happening.kind !== 'log') return happening
  return { ...happening, message: cutLine(happening.message, LIMITS.logMessageBytes) }
}

async function monitorDirect(io: Io, command: MonitorCommand, write: (h: Happening) => void): Promise<ExitCode> {
  const { print, close } = limited(write)
  const known = await contractFrom(command.contractFile)
  const { port, contract } = await openBoard(known, { path: command.device, ...command })
  const problems = createLineQuota(LIMITS.logLinesPerSecond, systemClock, (count) =>
    sayLine(io, `portwire: ${count} problems were left out: more than ${LIMITS.logLinesPerSecond} a second`),
  )
  print({ kind: 'state', state: port.info().state })
  port.watch((notice) => {
    switch (notice.kind) {
      case 'state': {
        // That we close it ourselves at the end is no news.
        if (io.signal.aborted) return
        const detail = notice.exit && describeExit(notice.exit)
        return print({ kind: 'state', state: notice.state, ...(detail !== undefined && { detail }) })
      }
      case 'log':
        return print({ kind: 'log', severity: notice.severity, message: notice.text })
      case 'console':
        return print({ kind: 'log', severity: 'console', message: notice.text })
      case 'events_lost':
        return print({ kind: 'lost', count: notice.count, reason: 'on the line' })
      case 'events_dropped':
        return print({ kind: 'lost', count: notice.count, reason: 'the queue of the device was full' })
      case 'refused':
        if (problems.admit()) sayLine(io, `portwire: ${notice.problem}`)
        return
      case 'consumer_stopped':
        return
    }
  })
  for (const event of contract.events.values()) {
    const heard = (value: unknown, meta: { readonly id?: string }) => {
      const data = fieldsToJson(event.fields, value)
      print({ kind: 'event', event: event.name, data, ...(meta.id !== undefined && { id: meta.id }) })
    }
    if (event.acknowledged) port.consume(event.name, heard)
    else port.on(event.name, heard)
  }
  await ended(io.signal)
  problems.close()
  close()
  await port.close()
  return EXIT.ok
}

async function monitorBehindGateway(io: Io, command: MonitorCommand, print: (h: Happening) => void): Promise<ExitCode> {
  const device = await findDevice(command.device, { url: command.mqttUrl, baseTopic: command.baseTopic })
  const { topics, name } = device
  const eventPrefix = topics.event(name, '')
  device.hear(({ topic, payload }) => {
    const json = objectOf(payload)
    if (!json) return
    if (topic === topics.availability(name)) return print({ kind: 'state', state: String(json['state']) })
    if (topic === topics.log(name)) {
      return print({ kind: 'log', severity: String(json['severity']), message: String(json['message']) })
    }
    if (!topic.startsWith(eventPrefix)) return
    const { id, at: _at, ...data } = json
    print({ kind: 'event', event: topic.slice(eventPrefix.length), data, id: String(id) })
  })
  await device.subscribe([topics.availability(name), topics.event(name, '+'), topics.log(name)])
  const lost = await Promise.race([device.lost, ended(io.signal).then(() => undefined)])
  if (lost !== undefined) {
    sayLine(io, `portwire: the connection to the broker is lost: ${lost}`)
    return EXIT.runtime
  }
  await device.close()
  return EXIT.ok
}

function line(happening: Happening, at: Date, json: boolean): string {
  if (json) return printableJson(JSON.stringify({ ...happening, at: at.toISOString() }))
  return `${showTime(at)} ${printable(text(happening))}`
}

function text(happening: Happening): string {
  switch (happening.kind) {
    case 'event':
      return `${happening.event} ${showMembers(happening.data)}`
    case 'state':
      return `state ${happening.state}${happening.detail ? `: ${happening.detail}` : ''}`
    case 'log':
      return `log ${happening.severity}: ${happening.message}`
    case 'left_out':
      return `left out ${happening.count} log lines: ${happening.reason}`
    case 'lost':
      return `lost ${happening.count} events: ${happening.reason}`
  }
}
