/** A host that does not know how much its device's ring holds: what the tests of that ring must be able to see. */

import type { Connector } from '../../src/index.js'
import { Action, createDeframer, createValueCodec, encodeFrame } from '../../src/wire/index.js'

const MAX_CONTENT_BYTES = 512
/** Of the device's HELLO: receiveBytes, where 0 is no limit. */
const RECEIVE_BYTES = 4

/** The same connector; the device's hello says that its ring has no limit. */
export function withoutRing(connector: Connector): Connector {
  const codec = createValueCodec()
  return {
    ...connector,
    connect(handlers) {
      const deframer = createDeframer({ maxContentBytes: MAX_CONTENT_BYTES })
      return connector.connect({
        ...handlers,
        data(bytes) {
          for (const event of deframer.push(bytes)) {
            if (event.kind === 'content') handlers.data(encodeFrame(changed(codec, event.bytes.slice())))
          }
        },
      })
    },
  }
}

function changed(codec: ReturnType<typeof createValueCodec>, content: Uint8Array): Uint8Array {
  const decoded = codec.decode(content, 2)
  if (!decoded.ok || !Array.isArray(decoded.value)) return content
  const [action, token] = content
  if (action !== Action.HELLO && !(action === Action.REPLY && token === 1 && decoded.value.length >= 15)) return content
  const hello = [...decoded.value]
  hello[RECEIVE_BYTES] = 0
  return Uint8Array.of(action!, token!, ...codec.encode(hello))
}
