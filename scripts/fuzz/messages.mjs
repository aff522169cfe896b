// Random and mutated messages, each before a good one: nothing throws, and the good one is always understood.

import { below, bytesOf } from './random.mjs'

const GOOD_VALUE = [1, 'two', null]

/** What a peer sends, as a link takes it: frames on a UART, packets on a pipe. */
export const CHANNELS = {
  board: ({ createDeframer, encodeFrame }) => ({
    decoder: createDeframer({ maxContentBytes: 65_535 }),
    wrap: encodeFrame,
  }),
  program: ({ createPacketDecoder, encodePacket }) => ({
    decoder: createPacketDecoder({ prefixBytes: 2, maxContentBytes: 65_535 }),
    wrap: (content) => encodePacket(content, 2),
  }),
}

/** @param channel  `board` or `program`
 *  @returns counts over all messages; `goodLost` must be 0, and whatever a decoder throws comes out of here */
export function runMessageTrials(wire, channel, random, messages) {
  const { decoder, wrap } = CHANNELS[channel](wire)
  const codec = wire.createValueCodec()
  const good = wire.encodeMessage(codec, 0xff, 7, GOOD_VALUE)
  const goodWire = wrap(good)
  const counts = { messages, accepted: 0, refused: 0, unframed: 0, goodLost: 0 }
  for (let message = 0; message < messages; message++) {
    const content = mutatedMessage(codec, random)
    const isFramed = channel === 'program' || random() < 0.8
    const understood = [...understand(decoder.push(isFramed ? wrap(content) : content))]
    // On a UART the noise may still be open: a delimiter of the good frame ends it.
    understood.push(...understand(decoder.push(goodWire)))
    const last = understood.pop()
    if (last?.ok !== true || last.token !== 7 || last.value?.[1] !== 'two') counts.goodLost++
    if (understood.length === 0) counts.unframed++
    for (const { ok } of understood) ok ? counts.accepted++ : counts.refused++
  }
  return counts

  function understand(events) {
    // Copied at once: the bytes are valid until the next push.
    return events.filter(({ kind }) => kind === 'content').map(({ bytes }) => wire.decodeMessage(codec, bytes.slice()))
  }
}

function mutatedMessage(codec, random) {
  const content = Uint8Array.from([below(random, 256), below(random, 256), ...codec.encode(randomValue(random, 3))])
  switch (below(random, 6)) {
    case 0:
      return bytesOf(random, below(random, 80))
    case 1:
      return content.subarray(0, below(random, content.length))
    case 2:
      return Uint8Array.from([...content, ...bytesOf(random, 1 + below(random, 5))])
    case 3:
      // The heads of msgpack that declare a length or a depth.
      content[2 + below(random, content.length - 2)] = 0xc0 + below(random, 0x20)
      return content
    default:
      for (let flips = 1 + below(random, 4); flips > 0; flips--) {
        content[below(random, content.length)] ^= 1 << below(random, 8)
      }
      return content
  }
}

function randomValue(random, depth) {
  switch (below(random, depth > 0 ? 9 : 7)) {
    case 0:
      return null
    case 1:
      return random() < 0.5
    case 2:
      return below(random, 2 ** 32) - 2 ** 31
    case 3:
      return BigInt.asUintN(64, (BigInt(below(random, 2 ** 32)) << 32n) | 5n)
    case 4:
      return random() * 1e6
    case 5:
      return 'é'.repeat(below(random, 40))
    case 6:
      return bytesOf(random, below(random, 40))
    case 7:
      return Array.from({ length: below(random, 5) }, () => randomValue(random, depth - 1))
    default:
      return Object.fromEntries(
        Array.from({ length: below(random, 4) }, (_, i) => [`k${i}`, randomValue(random, depth - 1)]),
      )
  }
}
