/** The flags of `portwire generate`. */

import { type Command, Option } from 'commander'
import { baudRate, durationMs } from './option-values.js'

export interface GenerateOptions {
  readonly from?: string
  readonly cpp?: string
  readonly ts?: string
  readonly json?: string
  readonly yaml?: string
  readonly force: boolean
  readonly schema: boolean
  readonly check: boolean
  readonly first?: 'host' | 'board'
  readonly baud?: number
  readonly readyTimeout?: number
  readonly mqtt: string
  readonly baseTopic: string
}

export function generateOptions(command: Command): Command {
  return command
    .description('a contract as C++, TypeScript, JSON or YAML, and checks of it (docs/contract.md)')
    .argument('[files...]', 'a contract: JSON, YAML or a module; with --check the old one and the new one')
    .option('--cpp <file>', 'writes the header of the device library; - is stdout, here and below')
    .option('--ts <file>', 'writes the module for open()')
    .option('--json <file>', 'writes the contract as JSON')
    .option('--yaml <file>', 'writes the contract as YAML')
    .option('--force', 'writes over files that are not generated ones', false)
    .option('--from <device>', 'takes the contract from a board (a path), or from a device behind a gateway (its name)')
    .option('--check', 'says what a change breaks, a line each; exit code 1 if anything', false)
    .addOption(
      new Option('--first <side>', 'of --check: which side gets the new contract first').choices(['host', 'board']),
    )
    .option('--schema', 'prints the JSON Schema of contract files', false)
    .option('--baud <rate>', 'of --from a path; default 115200', baudRate)
    .option('--ready-timeout <duration>', 'of --from a path: from opening to hello; default 10s', durationMs)
    .option('--mqtt <url>', 'of --from a name: broker of the gateway', 'mqtt://127.0.0.1:1883')
    .option('--base-topic <topic>', 'of --from a name', 'portwire')
}
