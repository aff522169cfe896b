// One damaged byte in a stream of ten frames, at random: what was not touched arrives, and nothing arrives that was not sent.

import { below, bytesOf } from './random.mjs'

const FRAMES = 10
const KINDS = ['flipped', 'dropped', 'inserted', 'duplicated']

/** @param wire    the compiled or the source module `wire`
 *  @param random  from 0 to below 1
 *  @returns counts over all trials; `wrong` and `untouchedLost` must be 0, and `first` describes the first trial where not */
export function runFaultTrials({ createDeframer, encodeFrame }, random, trials) {
  const counts = { trials, touchedLost: 0, untouchedLost: 0, wrong: 0, first: undefined }
  for (let trial = 0; trial < trials; trial++) {
    const contents = Array.from({ length: FRAMES }, (_, index) => contentOf(random, index))
    const wires = contents.map((content) => encodeFrame(content))
    const stream = Buffer.concat(wires)
    const at = below(random, stream.length)
    const kind = KINDS[below(random, KINDS.length)]
    const touched = frameAt(wires, at)
    const came = new Set()
    let wrong = 0
    for (const event of createDeframer({ maxContentBytes: 300 }).push(damaged(stream, at, kind, random))) {
      if (event.kind !== 'content') continue
      const index = event.bytes[0]
      if (index < FRAMES && Buffer.compare(contents[index], event.bytes) === 0) came.add(index)
      else wrong++
    }
    const untouchedLost = contents.filter((_, index) => index !== touched && !came.has(index)).length
    counts.wrong += wrong
    counts.untouchedLost += untouchedLost
    if (!came.has(touched)) counts.touchedLost++
    if (wrong + untouchedLost > 0) counts.first ??= { trial, kind, at, stream: stream.toString('hex') }
  }
  return counts
}

/** Different lengths, zeros among them; its first byte is its index. */
function contentOf(random, index) {
  const content = bytesOf(random, 2 + below(random, 60))
  if (random() < 0.3) content.fill(0, content.length >> 1)
  content[0] = index
  return content
}

function frameAt(wires, position) {
  let end = 0
  return wires.findIndex((wire) => {
    end += wire.length
    return position < end
  })
}

function damaged(stream, at, kind, random) {
  const [before, byte, after] = [stream.subarray(0, at), stream.subarray(at, at + 1), stream.subarray(at + 1)]
  switch (kind) {
    case 'flipped':
      return Buffer.concat([before, Buffer.of(byte[0] ^ (1 << below(random, 8))), after])
    case 'dropped':
      return Buffer.concat([before, after])
    case 'inserted':
      return Buffer.concat([before, bytesOf(random, 1), byte, after])
    default:
      return Buffer.concat([before, byte, byte, after])
  }
}
