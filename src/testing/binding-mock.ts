/** @serialport/binding-mock 10.2.2 with types: its own declarations do not resolve for ES modules. */

// @ts-expect-error TS7016, see above; once it resolves, this file can go.
import { MockBinding as Untyped } from '@serialport/binding-mock'
import type { SerialBinding, SerialBindingOpenOptions, SerialBindingPort } from '../link/index.js'

export interface MockPortBinding extends SerialBindingPort {
  /** Hands bytes to the host, as if they had come over the line. */
  emitData(data: Buffer): void
}

export const MockBinding = Untyped as Omit<SerialBinding, 'open'> & {
  createPort(path: string, options?: { readonly echo?: boolean; readonly record?: boolean }): void
  open(options: SerialBindingOpenOptions): Promise<MockPortBinding>
}
