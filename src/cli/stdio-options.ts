/** The flags of `portwire stdio`. */

import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDurationMs } from '../gateway/units.js'

export interface StdioOptions {
  readonly serial: string
  readonly baud?: number
  readonly packet: '1' | '2' | '4'
  readonly profile: 'link' | 'raw'
  readonly callTimeout?: number
  readonly onDrop: 'exit' | 'hold' | 'error'
  readonly readyTimeout?: number
  readonly lockWait?: number
  /** `--no-reset` */
  readonly reset: boolean
  readonly log?: string
  readonly stderr: 'off' | 'device'
  readonly contract?: string
  /** True without names. */
  readonly notify?: string | true
}

export function stdioOptions(command: Command): Command {
  return command
    .description('a port program: bare packets on stdin and stdout, a board behind them (docs/stdio.md)')
    .requiredOption('--serial <path>', 'the tty of the board')
    .option('--baud <rate>', 'default 115200', wholeNumber)
    .addOption(new Option('--packet <bytes>', 'of the length in front').choices(['1', '2', '4']).default('2'))
    .addOption(
      new Option('--profile <name>', 'towards the board: portwire frames, or the same bare packets')
        .choices(['link', 'raw'])
        .default('link'),
    )
    .option('--call-timeout <ms>', 'a little below that of the client; default 4900', milliseconds)
    .addOption(
      new Option('--on-drop <what>', 'when the board is gone: end, let requests wait, answer them an error')
        .choices(['exit', 'hold', 'error'])
        .default('exit'),
    )
    .option('--ready-timeout <ms>', 'from opening to the first hello; default 10000', milliseconds)
    .option('--lock-wait <ms>', 'for another program to let go of the tty; default 2000', milliseconds)
    .option('--no-reset', 'leave DTR alone at the end, so that the next open does not reset the board')
    .option('--log <file>', 'appends what happens')
    .addOption(
      new Option('--stderr <what>', 'nothing, or the log lines of the board').choices(['off', 'device']).default('off'),
    )
    .option('--contract <file>', 'the contract of the board; one that was built from another is refused')
    .option(
      '--notify [names]',
      'tags packets, and passes events and requests: these, by comma, or ALL; needs --contract',
    )
}

function wholeNumber(text: string): number {
  const rate = Number(text)
  if (!Number.isInteger(rate) || rate < 50) throw new InvalidArgumentError('Expected a whole number from 50.')
  return rate
}

/** A bare number is milliseconds, as OTP counts. */
function milliseconds(text: string): number {
  const ms = parseDurationMs(/^\d+$/.test(text) ? `${text}ms` : text)
  if (ms === undefined) throw new InvalidArgumentError('Expected milliseconds, or a duration like 5s.')
  return ms
}
