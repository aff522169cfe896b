/** Records of a fixed size, for devices that stream them. A lost byte shifts every record after it: nothing in the stream
 * says where one begins, so each session begins anew. */

import { ByteLengthParser } from '@serialport/parser-byte-length'
import type { RawDecoder } from './raw-decoder.js'

export function createFixedDecoder(recordBytes: number): RawDecoder {
  // In object mode, or its records would run together when they are read.
  const parser = new ByteLengthParser({ length: recordBytes, readableObjectMode: true })
  let receivedBytes = 0
  return {
    push(chunk) {
      receivedBytes += chunk.length
      parser.write(chunk)
      const records: Uint8Array[] = []
      for (let record = parser.read(); record !== null; record = parser.read()) records.push(record)
      return records
    },
    end() {
      parser.destroy() // ended, it would hand out the part as if it were a record
      return { packets: [], partialBytes: receivedBytes % recordBytes }
    },
  }
}
