/** What is asked of a device: any action by its name, members of its state to be set, or read now. */

import type { Clock } from '../../clock.js'
import { didYouMean } from '../../contract/file/index.js'
import { type Action, type Contract, fieldsOf } from '../../contract/index.js'
import { PORT_DEFAULTS } from '../../port/index.js'
import { type CommandResult, refused, resultOfError } from '../bridge/reply.js'
import type { PayloadFormat } from '../encoding.js'
import { argsFromJson, fieldsToJson, hasNotFinite, notFiniteOf, resultToJson } from '../payload.js'
import { shownName } from '../printable.js'
import type { DeviceConfig } from './config.js'
import { membersOf } from './members.js'
import { planGet, planSet, valueRead } from './state-commands.js'
import type { UntypedPort } from './untyped-port.js'

/** None ever rejects.
 * `expiresInMs` is how long the command is good for; undefined: as long as calls are. It counts while the device is away too. */
export interface DeviceCommands {
  /** @param format  of the data of the result */
  call(action: string, members: Values, expiresInMs: number | undefined, format?: PayloadFormat): Promise<CommandResult>
  /** One call a member, one after the other; the first that fails ends it, and its error says what was set before. */
  set(members: Values, expiresInMs: number | undefined): Promise<CommandResult>
  /** Reads members now, and merges them into the state. */
  get(members: Values, expiresInMs: number | undefined): Promise<CommandResult>
}

type Values = Readonly<Record<string, unknown>>

export interface DeviceCommandsOptions {
  readonly config: DeviceConfig
  /** That of the moment; undefined in quarantine. */
  readonly port: () => Pick<UntypedPort, 'call'> | undefined
  /** Members of the merged state that were read. */
  readonly merge: (values: Values, notFinite: readonly string[]) => void
  readonly clock: Clock
}

type Ran = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly failure: Failure }
type Failure = Exclude<CommandResult, { result: 'ok' }>

export function createDeviceCommands({ config, port, merge, clock }: DeviceCommandsOptions): DeviceCommands {
  const { contract } = config
  const stateMembers = membersOf(contract)
  const callMs = config.callTimeoutMs ?? PORT_DEFAULTS.callTimeoutMs

  const run = async (action: Action, args: Values, expiresInMs: number | undefined): Promise<Ran> => {
    if (expiresInMs !== undefined && expiresInMs <= 0) {
      const error = `${action.name}: the command expired before it was begun`
      return { ok: false, failure: { result: 'expired', error, outcome: 'no' } }
    }
    const expires = expiresInMs !== undefined && expiresInMs < callMs
    try {
      const typed = argsFromJson(fieldsOf(action.args), args as Record<string, unknown>)
      const opened = port()
      if (!opened) return { ok: false, failure: refused(`${action.name}: ${inQuarantine(config.name)}`) as Failure }
      return { ok: true, value: await opened.call(action.name, typed, { timeoutMs: expires ? expiresInMs : callMs }) }
    } catch (error) {
      return { ok: false, failure: resultOfError(error, expires) as Failure }
    }
  }

  /** What is left of the time, at every step. */
  const countdown = (expiresInMs: number | undefined) => {
    const endMs = expiresInMs === undefined ? undefined : clock.nowMs() + expiresInMs
    return () => (endMs === undefined ? undefined : Math.floor(endMs - clock.nowMs()))
  }

  return {
    async call(name, members, expiresInMs, format = 'json') {
      const action = contract.actions.get(name)
      if (!action) return refused(unknownAction(contract, name))
      const ran = await run(action, members, expiresInMs)
      if (!ran.ok) return ran.failure
      if (format !== 'json') return { result: 'ok', data: ran.value ?? null }
      return ok(resultToJson(action.result, ran.value), notFiniteOf(action.result, ran.value))
    },
    async set(members, expiresInMs) {
      const plan = planSet(stateMembers, members)
      if (!plan.ok) return refused(plan.problem)
      const left = countdown(expiresInMs)
      const data: Record<string, unknown> = {}
      const notFinite: string[] = []
      for (const { member, action, args } of plan.steps) {
        const ran = await run(action, args, left())
        if (!ran.ok) return afterOthers(ran.failure, member, Object.keys(data))
        data[member] = action.result.kind === 'void' ? Object.values(args)[0] : resultToJson(action.result, ran.value)
        if (hasNotFinite(ran.value)) notFinite.push(`data.${member}`)
      }
      return ok(data, notFinite)
    },
    async get(members, expiresInMs) {
      const plan = planGet(stateMembers, members)
      if (!plan.ok) return refused(plan.problem)
      const left = countdown(expiresInMs)
      const data: Record<string, unknown> = {}
      const notFinite: string[] = []
      for (const step of plan.steps) {
        const ran = await run(step.action, {}, left())
        if (!ran.ok) return ran.failure
        const read: Record<string, unknown> = {}
        const readNotFinite: string[] = []
        for (const member of step.members) {
          const { field, from } = member.value!
          const decoded = valueRead(step, member, ran.value)
          const { [field.name]: value } = fieldsToJson([field], { [field.name]: decoded })
          data[member.name] = value
          if (from === 'state') read[field.name] = value
          if (!hasNotFinite(decoded)) continue
          notFinite.push(`data.${member.name}`)
          readNotFinite.push(field.name)
        }
        merge(read, readNotFinite)
      }
      return ok(data, notFinite)
    },
  }
}

function ok(data: unknown, notFinite: readonly string[]): CommandResult {
  return { result: 'ok', data, ...(notFinite.length > 0 && { notFinite }) }
}

export function inQuarantine(device: string): string {
  return `${device} is quarantined: its tty is that of another device`
}

function afterOthers(failure: Failure, member: string, done: readonly string[]): Failure {
  const before = done.length === 0 ? '' : `; set before it: ${done.join(', ')}`
  return { ...failure, error: `${member}: ${failure.error}${before}` }
}

function unknownAction(contract: Contract, action: string): string {
  const names = [...contract.actions.keys()]
  return `no action named ${shownName(action)}${didYouMean(action, names) || `; there are: ${names.join(', ')}`}`
}
