/** Takes in what others send: calls of devices and requests to the gateway, each answered where its sender wants it. */

import type { Device } from '../device/device.js'
import { isMsgpack, type PayloadFormat } from '../encoding.js'
import type { HomeAssistantConfig } from '../homeassistant/homeassistant.js'
import { LIMITS } from '../limits.js'
import type { Log } from '../log.js'
import type { MqttPipe } from '../mqtt/pipe.js'
import type { Inbound } from '../mqtt/publication.js'
import type { Addressed, Topics } from '../topics.js'
import type { Bridge } from './bridge.js'
import { answerTo, parseCommand } from './command.js'
import { createIntake } from './intake.js'
import { createRedelivery } from './redelivery.js'
import { CAME_AGAIN, type CommandResult, refused, replyPayload, unsaid } from './reply.js'

export interface Taker {
  /** A connection begins. @param sessionPresent  the broker has kept the session */
  connected(sessionPresent: boolean): void
  /** Never throws and holds nothing back: what takes time goes on by itself. */
  take(inbound: Inbound): void
}

export interface TakerOptions {
  readonly topics: Topics
  readonly bridge: Pick<Bridge, 'request' | 'refuse'>
  readonly devices: ReadonlyMap<string, Device>
  readonly pipe: Pick<MqttPipe, 'publish' | 'info'>
  /** Default: the topics that Home Assistant has where the config says nothing. */
  readonly homeAssistant?: HomeAssistantConfig | undefined
  readonly log: Log
}

type DeviceCommand = Exclude<Addressed, { kind: 'request' }>

const BUSY = `too many commands at once (${LIMITS.commandsPerDevice}); nothing was sent`

export function createTaker({ topics, bridge, devices, pipe, homeAssistant, log }: TakerOptions): Taker {
  const intake = createIntake(LIMITS.commandsPerDevice)
  const requests = createIntake(LIMITS.bridgeRequests)
  const redelivery = createRedelivery(LIMITS.commandsRemembered)

  function take(inbound: Inbound): void {
    const address = topics.parse(inbound.topic)
    if (!address) return
    if (inbound.retain && !takesRetained(address)) {
      // Executed again at every start otherwise, long after anybody wanted it.
      log('warn', 'portwire:mqtt', `${inbound.topic}: a retained command is ignored; publish it without retain`)
      return
    }
    const delivery = redelivery.take(inbound)
    if (delivery === 'answered') {
      log('info', 'portwire:mqtt', `${inbound.topic}: the same message came again; it is not run again`)
      return
    }
    if (address.kind === 'request') takeRequest(inbound, address.request, delivery === 'unknown')
    else takeCommand(inbound, address, delivery === 'unknown')
  }

  function takesRetained(address: Addressed): boolean {
    return address.kind !== 'request' && devices.get(address.device)?.takesRetained === true
  }

  function takeRequest(inbound: Inbound, name: string, cameAgain: boolean) {
    const classic = topics.bridgeResponse(name)
    if (cameAgain) return answer(inbound, classic, bridge.refuse(inbound.payload, CAME_AGAIN.error))
    if (!requests.enter(name)) return refuseBusy(inbound, classic, () => bridge.refuse(inbound.payload, BUSY))
    carryOut(inbound, async () => {
      const payload = await bridge.request(name, inbound.payload)
      answer(inbound, classic, payload, bridge.refuse(inbound.payload, tooLong(payload)))
    }).finally(() => requests.leave(name))
  }

  function takeCommand(inbound: Inbound, address: DeviceCommand, cameAgain: boolean) {
    const { device: name } = address
    const device = devices.get(name)
    const classic = topics.response(name)
    const format = formatOf(inbound.payload, address.kind === 'call' ? (device?.payload ?? 'json') : 'json')
    const parsed = parseCommand(inbound.payload)
    if (!parsed.ok) return answer(inbound, classic, replyPayload(refused(parsed.problem), parsed.transaction, format))
    const { members, transaction } = parsed.command
    const payloadOf = (result: CommandResult) => replyPayload(result, transaction, format)
    if (cameAgain) return answer(inbound, classic, payloadOf(CAME_AGAIN))
    // In the middle of a reload, or it could not be started.
    if (!device) return answer(inbound, classic, payloadOf(refused(`${name} does not run; nothing was sent`)))
    if (!intake.enter(name)) return refuseBusy(inbound, classic, () => payloadOf(refused(BUSY)))
    carryOut(inbound, async () => {
      const { expirySeconds } = inbound
      const expiresInMs = expirySeconds === undefined ? undefined : expirySeconds * 1_000
      const result =
        address.kind === 'call'
          ? await device.call(address.action, members, expiresInMs, format)
          : await device[address.kind](members, expiresInMs)
      let payload: string | Uint8Array
      try {
        payload = payloadOf(result)
      } catch (error) {
        payload = payloadOf(unsaid(result, `the answer cannot be sent: ${(error as Error).message}`))
      }
      answer(inbound, classic, payload, payloadOf(unsaid(result, tooLong(payload))))
    }).finally(() => intake.leave(name))
  }

  /** Nothing that a command does may end the process. */
  async function carryOut(inbound: Inbound, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      log('error', 'portwire:mqtt', `${inbound.topic}: it could not be answered: ${String(error)}`)
    }
  }

  /** A flood of commands must not push events out of the queue by its refusals. */
  function refuseBusy(inbound: Inbound, classicTopic: string, payload: () => string | Uint8Array) {
    if (pipe.info.waiting.messages < LIMITS.refusalsWaiting) return answer(inbound, classicTopic, payload())
    log('warn', 'portwire:mqtt', `${inbound.topic}: ${BUSY}; nor is it answered, as too many messages wait already`)
  }

  /** @param ifTooLong  in place of a payload that the broker does not take; of use where it is the shorter one */
  function answer(
    inbound: Inbound,
    classicTopic: string,
    payload: string | Uint8Array,
    ifTooLong: string | Uint8Array = payload,
  ) {
    const { publication, problem } = answerTo(inbound, classicTopic, topics.base, payload, homeAssistant)
    if (problem) log('warn', 'portwire:mqtt', `${inbound.topic}: ${problem}`)
    pipe.publish(ifTooLong.length < payload.length ? { ...publication, ifTooLong } : publication)
  }

  return { connected: (sessionPresent) => redelivery.connected(sessionPresent), take }
}

/** A command is answered as it came; an empty one as its device is set. */
function formatOf(payload: Uint8Array, empty: PayloadFormat): PayloadFormat {
  if (payload.length === 0) return empty
  return isMsgpack(payload) ? 'msgpack' : 'json'
}

function tooLong(payload: string | Uint8Array): string {
  return `the answer is longer than the broker takes: ${Buffer.byteLength(payload)} bytes`
}
