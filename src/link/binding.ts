/** What serialport asks of a binding. Its own declarations do not resolve for ES modules, so the shape is written out here,
 * after @serialport/bindings-interface 1.2.2. */

export interface SerialBinding<P extends SerialBindingPort = SerialBindingPort> {
  list(): Promise<SerialPortInfo[]>
  /** Rejects as bindings-cpp does: the text of the error is all that tells the reasons apart. */
  open(options: SerialBindingOpenOptions): Promise<P>
}

/** What is known of a port; a field that nobody knows is undefined. */
export interface SerialPortInfo {
  path: string
  manufacturer: string | undefined
  serialNumber: string | undefined
  pnpId: string | undefined
  locationId: string | undefined
  productId: string | undefined
  vendorId: string | undefined
}

export interface SerialBindingOpenOptions {
  readonly path: string
  readonly baudRate: number
  readonly dataBits?: 5 | 6 | 7 | 8
  readonly stopBits?: 1 | 1.5 | 2
  readonly parity?: string
  readonly lock?: boolean
  readonly rtscts?: boolean
  readonly hupcl?: boolean
  readonly xon?: boolean
  readonly xoff?: boolean
  readonly xany?: boolean
}

export interface SerialBindingPort {
  readonly openOptions: Required<SerialBindingOpenOptions>
  readonly isOpen: boolean
  close(): Promise<void>
  /** At least one byte; rejects with `canceled: true` when the port is closed, with anything else when it is gone. */
  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }>
  write(buffer: Buffer): Promise<void>
  update(options: { readonly baudRate: number }): Promise<void>
  set(options: {
    readonly brk?: boolean
    readonly cts?: boolean
    readonly dsr?: boolean
    readonly dtr?: boolean
    readonly rts?: boolean
  }): Promise<void>
  get(): Promise<{ cts: boolean; dsr: boolean; dcd: boolean }>
  getBaudRate(): Promise<{ baudRate: number }>
  flush(): Promise<void>
  drain(): Promise<void>
}
