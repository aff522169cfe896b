/** `portwire call <device> <action> [name=value ...]`: one call, its result on stdout. */

import { randomBytes } from 'node:crypto'
import { type Action, type Contract, encodeArgs, fieldsOf } from '../contract/index.js'
import { didYouMean } from '../gateway/nearest.js'
import { resultToJson } from '../gateway/payload.js'
import { printableJson } from '../gateway/printable.js'
import { argumentsFromWords, portArguments } from './arguments.js'
import { findDevice, objectOf } from './behind-gateway.js'
import { contractOf, isSerialPath, openDirect } from './direct.js'
import { EXIT, type ExitCode, usageError } from './exit-code.js'
import { ended, type Io, printLine, sayLine } from './io.js'
import { showResult } from './show.js'

export interface CallCommand {
  readonly device: string
  readonly action: string
  readonly words: readonly string[]
  readonly json: boolean
  readonly timeoutMs: number
  readonly baudRate: number | undefined
  readonly contractFile: string | undefined
  readonly readyTimeoutMs: number | undefined
  readonly mqttUrl: string
  readonly baseTopic: string
}

export async function callCommand(io: Io, command: CallCommand): Promise<ExitCode> {
  return isSerialPath(command.device) ? await callDirect(io, command) : await callBehindGateway(io, command)
}

async function callDirect(io: Io, command: CallCommand): Promise<ExitCode> {
  const contract = await contractOf(command.contractFile)
  // Looked at before the port is opened: opening resets many boards.
  const action = actionOf(contract, command.action)
  const fields = fieldsOf(action.args)
  const args = portArguments(argumentsFromWords(command.words, fields), fields)
  encodeArgs(action.name, action.args, args)
  const port = await openDirect(contract, { path: command.device, ...command, callTimeoutMs: command.timeoutMs })
  try {
    const value = await Promise.race([port.call(action.name, args), interrupted(io)])
    print(io, command, resultToJson(action.result, value))
    return EXIT.ok
  } finally {
    await port.close()
  }
}

/** Added to the caller's timeout for the way there and back. */
const NETWORK_MS = 2_000

async function callBehindGateway(io: Io, command: CallCommand): Promise<ExitCode> {
  const device = await findDevice(command.device, { url: command.mqttUrl, baseTopic: command.baseTopic })
  try {
    const action = actionOf(device.contract, command.action)
    const args = argumentsFromWords(command.words, fieldsOf(action.args))
    const { topics, name } = device
    await device.subscribe([topics.response(name)])
    // Several callers may share the response topic: the transaction tells whose answer it is.
    const transaction = randomBytes(8).toString('hex')
    const answer = new Promise<Reply>((resolve) => {
      device.hear(({ topic, payload }) => {
        if (topic !== topics.response(name)) return
        const reply = objectOf(payload) as Reply | undefined
        if (reply?.transaction === transaction) resolve(reply)
      })
    })
    device.publish({
      topic: topics.call(name, action.name),
      payload: JSON.stringify({ ...args, transaction }),
      qos: 1,
      retain: false,
      expirySeconds: Math.max(1, Math.ceil(command.timeoutMs / 1_000)),
    })
    const reply = await Promise.race([
      answer,
      device.lost.then((reason) => failed(`the connection to the broker is lost: ${reason}`)),
      after(command.timeoutMs + NETWORK_MS).then(() =>
        failed(`no answer from the gateway in ${command.timeoutMs} ms; the call may still run`),
      ),
      interrupted(io),
    ])
    if (reply.status === 'ok') {
      print(io, command, reply.data)
      return EXIT.ok
    }
    const error = String(reply.error ?? 'the call failed')
    sayLine(io, `portwire: ${error}`)
    return error.startsWith('ARGUMENT_INVALID') ? EXIT.usage : EXIT.runtime
  } finally {
    await device.close()
  }
}

interface Reply {
  readonly status: string
  readonly data?: unknown
  readonly error?: unknown
  readonly transaction?: unknown
}

function print(io: Io, command: CallCommand, data: unknown) {
  printLine(io, command.json ? printableJson(JSON.stringify(data)) : showResult(data))
}

function actionOf(contract: Contract, name: string): Action {
  const action = contract.actions.get(name)
  if (action) return action
  const names = [...contract.actions.keys()]
  throw usageError(
    `${contract.name} has no action ${name}${didYouMean(name, names) || `; it has: ${names.join(', ') || 'none'}`}`,
  )
}

async function interrupted(io: Io): Promise<never> {
  await ended(io.signal)
  return failed('interrupted; the call may have run')
}

function failed(message: string): never {
  throw new Error(message)
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
