/** Lengths that lie and frames that never end: what comes after them is understood, and nothing grows meanwhile. */

import { openRaw } from '../../src/raw.js'
import { seeded } from '../../src/testing/seeded.js'
import { createVirtualClock } from '../../src/testing/virtual-clock.js'
import { cobsEncode, crc16, createDeframer, encodeFrame, encodePacket, frameBytes } from '../../src/wire/index.js'
import { heldResources } from '../reliability/held-resources.js'
import { createScriptedBytes } from '../reliability/scripted-bytes.js'
import type { SoakOptions, SoakResult } from './soak.js'

const MAX_CONTENT_BYTES = 65_535
const CHUNK_BYTES = 4_096
/** Of buffers, what may be held more than before: the longest frame twice, encoded and decoded, and the chunk that came. */
const MAX_BUFFER_BYTES = 2 * frameBytes(MAX_CONTENT_BYTES) + CHUNK_BYTES
/** Of the heap: the compiler takes and gives back some hundred KiB; what keeps anything of each round takes more. */
const MAX_HEAP_BYTES = 1_024 * 1_024
/** Rounds after which the code is compiled and takes no more of the heap. */
const WARM_UP = 100
/** Silence after which half a packet on a UART is dropped. */
const RESYNC_MS = 50
const GOOD = Uint8Array.from({ length: 40 }, (_, at) => at)

export async function* run({ seed, isFull }: SoakOptions): AsyncGenerator<SoakResult> {
  const stalls = isFull ? 5_000 : 100
  for (const how of ['silence', 'one byte a second'] as const) yield stalledPackets(how, stalls, seed)
  yield endlessFrame(isFull ? 1_000 : 20, seed)
  yield lyingFrames(isFull ? 100_000 : 2_000, seed)
}

/** A header of 65,535, some bytes or none, and then nothing more: the next packet comes as soon as it may. */
async function stalledPackets(how: 'silence' | 'one byte a second', stalls: number, seed: number): Promise<SoakResult> {
  const random = seeded(seed)
  const clock = createVirtualClock({ quietTurns: 1 })
  const far = createScriptedBytes()
  const port = await clock.until(openRaw({ link: far.connector }, { packet: 2, clock }))
  const packets = port.packets()
  const growth = growthSince()
  let decoded = 0
  for (let stall = -WARM_UP; stall < stalls; stall++) {
    if (stall === 0) {
      growth.begin()
      decoded = 0
    }
    const bytes = new Uint8Array(2 + Math.floor(random() * 64)).fill(0xff)
    if (how === 'silence') far.say(bytes)
    else {
      for (const byte of bytes.subarray(0, 5)) {
        far.say(Uint8Array.of(byte))
        await clock.advance(1_000)
      }
      far.say(bytes.subarray(0, 1))
    }
    if (stall >= 0 && stall % 20 === 0) growth.look()
    await clock.advance(RESYNC_MS + 1)
    far.say(encodePacket(GOOD, 2))
    const next = await clock.until(packets.next(), 1_000).catch(() => undefined)
    if (next && !next.done && isGood(next.value)) decoded += 1
  }
  const { partialsDropped } = port.info().counters
  const { session } = port.info()
  await clock.until(port.close())
  return {
    what: `${stalls} packets on a UART that announce 65,535 bytes, then ${how}`,
    figures: { decoded, partialsDropped, session, ...growth.figures },
    target: `the packet after each is decoded ${RESYNC_MS} ms after the last byte, in the same session; buffers + at most ${MAX_BUFFER_BYTES} bytes, heap + ${MAX_HEAP_BYTES}`,
    ok: decoded === stalls && partialsDropped >= stalls && session === 1 && growth.isBounded(),
  }
}

/** Bytes of a frame that never ends; then one delimiter, and a good frame. */
async function endlessFrame(megabytes: number, seed: number): Promise<SoakResult> {
  const random = seeded(seed)
  const deframer = createDeframer({ maxContentBytes: MAX_CONTENT_BYTES })
  const chunk = new Uint8Array(CHUNK_BYTES)
  const feed = (to: typeof deframer) => {
    for (let at = 0; at < chunk.length; at++) chunk[at] = 1 + Math.floor(random() * 255)
    return to.push(chunk).length
  }
  const other = createDeframer({ maxContentBytes: 2_000 })
  for (let round = 0; round < WARM_UP; round++) feed(other)
  const growth = growthSince()
  let events = 0
  for (let sent = 0; sent < megabytes * 256; sent++) {
    events += feed(deframer)
    if (sent < 20 || sent % 256 === 0) growth.look()
  }
  const decoded = goodFrames(deframer.push(encodeFrame(GOOD)))
  return {
    what: `${megabytes} MiB without a delimiter in one frame`,
    figures: { decoded, events, ...growth.figures },
    target: `said once, the frame behind it is decoded; buffers + at most ${MAX_BUFFER_BYTES} bytes, heap + ${MAX_HEAP_BYTES}`,
    ok: decoded === 1 && events === 1 && growth.isBounded(),
  }
}

/** Whole frames with a good CRC whose inner length is not what came. */
async function lyingFrames(frames: number, seed: number): Promise<SoakResult> {
  const random = seeded(seed)
  const deframer = createDeframer({ maxContentBytes: MAX_CONTENT_BYTES })
  let refused = 0
  let decoded = 0
  let bogus = 0
  for (let frame = 0; frame < frames; frame++) {
    const isLongest = frame % 1_000 === 0
    const contentBytes = isLongest ? MAX_CONTENT_BYTES : 2 + Math.floor(random() * 100)
    const said = (contentBytes + 1 + Math.floor(random() * MAX_CONTENT_BYTES)) & 0xffff
    for (const event of deframer.push(lyingFrame(contentBytes, said))) {
      if (event.kind === 'drop' && event.reason === 'length') refused += 1
      else if (event.kind === 'content') bogus += 1
    }
    decoded += goodFrames(deframer.push(encodeFrame(GOOD)))
  }
  return {
    what: `${frames} frames with a good CRC that say another length than theirs, each with a good frame behind it`,
    figures: { refused, decoded, bogus },
    target: 'each refused for its length, each frame behind it decoded, 0 bogus',
    ok: refused === frames && decoded === frames && bogus === 0,
  }
}

function lyingFrame(contentBytes: number, saidBytes: number): Uint8Array {
  const packet = new Uint8Array(2 + contentBytes + 2)
  packet[0] = saidBytes >>> 8
  packet[1] = saidBytes & 0xff
  packet.fill(0xa5, 2, 2 + contentBytes)
  const crc = crc16(packet.subarray(0, 2 + contentBytes))
  packet[2 + contentBytes] = crc & 0xff
  packet[3 + contentBytes] = crc >>> 8
  return Uint8Array.of(0, ...cobsEncode(packet), 0)
}

function goodFrames(events: ReturnType<ReturnType<typeof createDeframer>['push']>): number {
  return events.filter((event) => event.kind === 'content' && isGood(event.bytes)).length
}

function isGood(bytes: Uint8Array): boolean {
  return bytes.length === GOOD.length && bytes.every((byte, at) => byte === GOOD[at])
}

/** How much more is held than at its beginning: of buffers at the worst moment looked at, of the heap in the end. */
function growthSince() {
  let before = heldResources()
  const figures = { bufferBytes: 0, heapBytes: 0 }
  return {
    figures,
    begin() {
      before = heldResources()
      Object.assign(figures, { bufferBytes: 0, heapBytes: 0 })
    },
    look() {
      const now = heldResources()
      figures.bufferBytes = Math.max(figures.bufferBytes, now.bufferBytes - before.bufferBytes)
      figures.heapBytes = now.heapBytes - before.heapBytes
    },
    isBounded: () => figures.bufferBytes <= MAX_BUFFER_BYTES && figures.heapBytes <= MAX_HEAP_BYTES,
  }
}
