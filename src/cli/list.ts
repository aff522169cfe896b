/** `portwire list`: the serial ports that are there. */

import { printable, printableJson } from '../gateway/printable.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { type Io, printLine, sayLine } from './io.js'
import { listPorts, type PortSources, type SerialPortRow } from './ports.js'

export async function listCommand(
  io: Io,
  options: { readonly json: boolean },
  sources?: PortSources,
): Promise<ExitCode> {
  const rows = await listPorts(sources)
  if (options.json) printLine(io, printableJson(JSON.stringify(rows)))
  else for (const line of table(rows)) printLine(io, line)
  if (rows.length === 0) {
    sayLine(
      io,
      'portwire: no serial port is there; plug a board in, or try `portwire gateway`, which brings an emulated one',
    )
  }
  return EXIT.ok
}

/** One line a port, columns as wide as they need to be. */
function table(rows: readonly SerialPortRow[]): string[] {
  // Manufacturer and serial number are what a USB device says of itself.
  const cells = rows.map((row) =>
    [
      row.path,
      row.vendor_id ? `${row.vendor_id}:${row.product_id ?? '?'}` : '-',
      row.manufacturer ?? '-',
      row.serial_number ?? '-',
      row.held_by ? `held by ${row.held_by.command} (${row.held_by.pid})` : 'free',
    ].map((cell) => printable(cell)),
  )
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}
