/** Asks a device for its contract, after hello and before anything else of the session is looked at. */

import type { Clock } from '../../clock.js'
import { CONTRACT_LIMITS, type Contract, contractConflicts, hashOf, parseDescriptor } from '../../contract/index.js'
import { PortwireError } from '../../errors.js'
import { Action, type DeviceHello, Feature, FIRST_PROTOCOL_ACTION, type ValueCodec } from '../../wire/index.js'
import { DESCRIBE_HOLD } from '../limits.js'
import { contractProblem } from './handshake.js'
import type { Outgoing } from './outgoing.js'
import type { Answer } from './pending.js'

export interface DescriptionOptions {
  readonly hello: Pick<DeviceHello, 'contractHash' | 'contractVersion'>
  /** The host's. */
  readonly contract: Contract
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly timeoutMs: number
  /** Sends a call of the protocol's own. */
  readonly ask: (call: Parameters<Outgoing['protocolCall']>[0]) => void
  /** What the session understands messages by from now on. */
  readonly done: (contract: Contract, held: readonly Uint8Array[]) => void
  readonly failed: (error: PortwireError) => void
  /** It goes on without, where the contract need not be known. */
  readonly refused: (problem: string) => void
  readonly heardPlain: () => void
}

export interface Description {
  start(): void
  /** True: the message is kept until the contract is known, as nobody can tell yet what it is. */
  holds(content: Uint8Array): boolean
  stop(): void
}

/** What the contract hash of a hello comes to. */
export type ContractVerdict =
  /** Messages are understood by `contract`. */
  | { readonly kind: 'go'; readonly contract: Contract; readonly warning: string | undefined }
  | { readonly kind: 'describe' }
  | { readonly kind: 'refuse'; readonly error: PortwireError }

/** Devices that were found compatible are not asked again: by the host's contract, the hash and what messages are understood by. */
const compatible = new WeakMap<Contract, Map<number, Contract>>()

export function contractVerdict(
  hello: DeviceHello,
  contract: Contract,
  contractMismatch: 'error' | 'warn' | 'compatible',
): ContractVerdict {
  const { learning, hash } = contract
  const refuse = (why: string): ContractVerdict => ({
    kind: 'refuse',
    error: new PortwireError('CONTRACT_MISMATCH', why),
  })
  const go = (warning?: string): ContractVerdict => ({ kind: 'go', contract, warning })
  const describes = (hello.features & Feature.DESCRIBE) !== 0
  if (learning?.isWanted(hello.contractHash)) {
    if (describes) return { kind: 'describe' }
    return learning.isRequired ? refuse(`${CANNOT_DESCRIBE}; name its contract`) : go()
  }
  const mismatch = hello.contractHash === hash ? undefined : contractProblem(hello, contract)
  if (mismatch === undefined) return go()
  if (contractMismatch === 'warn') return go(mismatch)
  if (contractMismatch === 'error') return refuse(mismatch)
  const known = compatible.get(contract)?.get(hello.contractHash)
  if (known) return { kind: 'go', contract: known, warning: undefined }
  return describes ? { kind: 'describe' } : refuse(`${mismatch}, and ${CANNOT_DESCRIBE}`)
}

const CANNOT_DESCRIBE = 'the device was built without DESCRIBE, so it cannot tell its contract'

export function createDescription(options: DescriptionOptions): Description {
  const { hello, codec, contract } = options
  let text = new Uint8Array(0)
  let total: number | undefined
  const held: Uint8Array[] = []
  let heldBytes = 0
  let isOver = false

  const fail = (code: 'CONTRACT_MISMATCH' | 'HELLO_TIMEOUT', why: string, cause?: unknown) => {
    if (isOver) return
    if (contract.learning && !contract.learning.isRequired) {
      options.refused(why)
      return done(contract)
    }
    stop()
    options.failed(new PortwireError(code, why, cause === undefined ? {} : { cause }))
  }
  const cancel = { timer: () => {} }
  const stop = () => {
    isOver = true
    cancel.timer()
  }
  const next = () =>
    options.ask({
      action: Action.DESCRIBE,
      value: codec.encode(text.length),
      isWanted: () => !isOver,
      answered: (answer) => {
        if (!isOver) piece(answer)
      },
    })

  const piece = (answer: Answer) => {
    const [size, bytes] = answer.kind === 'reply' && Array.isArray(answer.value) ? (answer.value as unknown[]) : []
    if (typeof size !== 'number' || !(bytes instanceof Uint8Array) || size !== (total ?? size)) {
      return fail('CONTRACT_MISMATCH', 'the answer of the device to DESCRIBE is no piece of a contract')
    }
    if (size > CONTRACT_LIMITS.descriptorBytes) {
      return fail(
        'CONTRACT_MISMATCH',
        `the contract of the device is longer than ${CONTRACT_LIMITS.descriptorBytes} bytes`,
      )
    }
    total = size
    if (text.length + bytes.length > size || (bytes.length === 0 && text.length < size)) {
      return fail('CONTRACT_MISMATCH', `DESCRIBE told ${text.length + bytes.length} bytes of ${size}`)
    }
    const longer = new Uint8Array(text.length + bytes.length)
    longer.set(text)
    longer.set(bytes, text.length)
    text = longer
    if (text.length < size) return next()
    described()
  }

  const described = () => {
    if (hashOf(text) !== hello.contractHash) {
      return fail('CONTRACT_MISMATCH', 'the contract that the device describes does not have the hash of its hello')
    }
    let device: Contract
    try {
      device = parseDescriptor(text, hello.contractVersion ?? undefined)
    } catch (error) {
      return fail('CONTRACT_MISMATCH', (error as Error).message, error)
    }
    if (contract.learning) {
      contract.learning.learn(device)
      return done(contract)
    }
    const conflicts = contractConflicts({ host: contract, device, isDescribed: true })
    if (conflicts.length > 0) {
      return fail('CONTRACT_MISMATCH', `the contract of the device is not compatible: ${conflicts.join('; ')}`)
    }
    // A number that only the device knows still tells its kind: its request is answered, its event is not taken for one.
    const known = { ...contract, byIndex: new Map([...device.byIndex, ...contract.byIndex]) }
    const byHash = compatible.get(contract) ?? new Map<number, Contract>()
    compatible.set(contract, byHash.set(device.hash, known))
    done(known)
  }
  const done = (known: Contract) => {
    stop()
    options.done(known, held)
  }

  return {
    stop,
    start() {
      cancel.timer = options.clock.after(options.timeoutMs, () =>
        fail('HELLO_TIMEOUT', `the device did not tell its contract in ${options.timeoutMs} ms`),
      )
      next()
    },
    holds(content) {
      const [action, token] = content
      if (isOver || action === undefined || token === undefined) return false
      const isLane = action < FIRST_PROTOCOL_ACTION || action === Action.SKIP || action === Action.EXIT
      if (!isLane) return false
      if (token === 0) {
        // A plain event: nobody hears any yet.
        options.heardPlain()
        return true
      }
      if (held.length >= DESCRIBE_HOLD.messages || heldBytes + content.length > DESCRIBE_HOLD.bytes) {
        fail('CONTRACT_MISMATCH', 'the device sends more before it has told its contract than is held')
        return true
      }
      held.push(content.slice())
      heldBytes += content.length
      return true
    },
  }
}
