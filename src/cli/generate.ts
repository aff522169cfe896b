/** `portwire generate`: a contract as C++, TypeScript, JSON or YAML; its schema; and whether a change of it breaks anything. */

import { loadContract } from '../contract/file/index.js'
import { breakingChanges, type Contract, contractLines } from '../contract/index.js'
import { printable } from '../gateway/printable.js'
import { findDevice } from './behind-gateway.js'
import { openBoard } from './described.js'
import { isSerialPath } from './direct.js'
import { EXIT, type ExitCode, usageError } from './exit-code.js'
import { writeOutputs } from './generated-files.js'
import { type Io, printLine, sayLine } from './io.js'

export interface GenerateCommand {
  readonly files: readonly string[]
  /** A path or a device behind a gateway, in place of a file. */
  readonly from: string | undefined
  readonly cpp: string | undefined
  readonly ts: string | undefined
  readonly json: string | undefined
  readonly yaml: string | undefined
  /** Writes over files that it has not written. */
  readonly force: boolean
  readonly schema: boolean
  readonly check: boolean
  readonly first: 'host' | 'board' | undefined
  readonly baudRate: number | undefined
  readonly readyTimeoutMs: number | undefined
  readonly mqttUrl: string
  readonly baseTopic: string
}

/** @throws USAGE  the arguments do not go together, or a file cannot be written
 * @throws CONTRACT_INVALID  a file that is no contract; or --cpp of what the device library does not take */
export async function generateCommand(io: Io, command: GenerateCommand): Promise<ExitCode> {
  const { files, from, check, schema, first } = command
  if (schema) {
    if (check || files.length > 0 || from !== undefined)
      throw usageError('--schema stands alone: it is of every contract')
    const { contractJsonSchema } = await import('../contract/file/index.js')
    printLine(io, JSON.stringify(contractJsonSchema(), null, 2))
    return EXIT.ok
  }
  if (check) return await checkChange(io, command)
  if (first !== undefined) throw usageError('--first goes with --check')
  if (from !== undefined && files.length > 0) throw usageError(`--from and the file ${files[0]}: give one of them`)
  if (from === undefined && files.length !== 1) {
    const given = files.length === 0 ? 'none was' : `${files.length} were`
    throw usageError(`one contract file is expected, ${given} given; or --from a board, or --check OLD NEW`)
  }
  const contract = from === undefined ? await loadContract(files[0]!) : await contractOfDevice(command, from)
  const { cpp, ts, json, yaml, force } = command
  if (cpp === undefined && ts === undefined && json === undefined && yaml === undefined) {
    for (const line of contractLines(contract)) printLine(io, printable(line, Number.POSITIVE_INFINITY))
  } else await writeOutputs(io, contract, { cpp, ts, json, yaml }, force)
  return EXIT.ok
}

async function checkChange(io: Io, { files, from, first, ...outputs }: GenerateCommand): Promise<ExitCode> {
  const [old, changed, ...more] = files
  if (from !== undefined) throw usageError('--check compares two files: --from a board and --json FILE first')
  if (outputs.cpp ?? outputs.ts ?? outputs.json ?? outputs.yaml)
    throw usageError('--check writes nothing: leave --cpp, --ts, --json and --yaml out')
  if (old === undefined || changed === undefined || more.length > 0) {
    throw usageError(`--check needs two contract files, the old one and the new one; ${files.length} given`)
  }
  const [was, becomes] = [await loadContract(old), await loadContract(changed)]
  const lines = breakingChanges({ was, becomes, first: first === 'board' ? 'device' : first })
  for (const line of lines) printLine(io, line)
  if (lines.length > 0) return EXIT.runtime
  const hash =
    was.hash === becomes.hash
      ? 'the hash stays the same'
      : "the hash changes: hosts need contractMismatch 'compatible' meanwhile"
  sayLine(io, `portwire: compatible${first ? `, the ${first} first` : ''}; ${hash}`)
  return EXIT.ok
}

async function contractOfDevice(command: GenerateCommand, device: string): Promise<Contract> {
  if (!isSerialPath(device)) {
    const found = await findDevice(device, { url: command.mqttUrl, baseTopic: command.baseTopic })
    await found.close()
    return found.contract
  }
  const { port, contract } = await openBoard(undefined, { path: device, ...command })
  await port.close()
  return contract
}
