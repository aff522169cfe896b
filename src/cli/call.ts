/** `portwire call <device> <action> [name=value ...]`: one call, its result on stdout. Without an action: what there is to call. */

import { randomBytes } from 'node:crypto'
import { didYouMean } from '../contract/file/nearest.js'
import { type Action, type Contract, contractLines, encodeArgs, fieldsOf } from '../contract/index.js'
import { resultToJson } from '../gateway/payload.js'
import { printable, printableJson } from '../gateway/printable.js'
import { argumentsFromWords, portArguments } from './arguments.js'
import { findDevice, objectOf } from './behind-gateway.js'
import { contractFrom, openBoard } from './described.js'
import { isSerialPath } from './direct.js'
import { EXIT, type ExitCode, usageError } from './exit-code.js'
import { ended, type Io, printLine, sayLine } from './io.js'
import { showResult } from './show.js'

export interface CallCommand {
  readonly device: string
  /** Undefined: the contract is listed. */
  readonly action: string | undefined
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
  const known = await contractFrom(command.contractFile)
  // Looked at before the port is opened, where that can be: opening resets many boards.
  if (known && command.action !== undefined) preparedCall(known, command.action, command.words)
  const { port, contract } = await openBoard(known, {
    path: command.device,
    ...command,
    callTimeoutMs: command.timeoutMs,
  })
  try {
    if (command.action === undefined) return list(io, command, contract)
    const { action, args } = preparedCall(contract, command.action, command.words)
    const value = await Promise.race([port.call(action.name, args), interrupted(io)])
    print(io, command, resultToJson(action.result, value))
    return EXIT.ok
  } finally {
    await port.close()
  }
}

/** @throws USAGE, ARGUMENT_INVALID  before anything is sent */
function preparedCall(contract: Contract, name: string, words: readonly string[]) {
  const action = actionOf(contract, name)
  const fields = fieldsOf(action.args)
  const args = portArguments(argumentsFromWords(words, fields), fields)
  encodeArgs(action.name, action.args, args)
  return { action, args }
}

function list(io: Io, command: CallCommand, contract: Contract): ExitCode {
  if (command.json) printLine(io, printableJson(JSON.stringify(contract.definition)))
  else for (const line of contractLines(contract)) printLine(io, printable(line, Number.POSITIVE_INFINITY))
  return EXIT.ok
}

/** Added to the caller's timeout for the way there and back. */
const NETWORK_MS = 2_000

async function callBehindGateway(io: Io, command: CallCommand): Promise<ExitCode> {
  const device = await findDevice(command.device, { url: command.mqttUrl, baseTopic: command.baseTopic })
  try {
    if (command.action === undefined) return list(io, command, device.contract)
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
