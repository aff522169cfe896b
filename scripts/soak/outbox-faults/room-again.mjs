// What must come when there is room again: what waited is acknowledged, new events are, and none is missing.

import { endGatewayProcess, sleep } from '../gateway-kill/setup.mjs'
import { within } from './device.mjs'

const RESUME_MS = 5_000
const ARRIVE_MS = 5_000

/** Makes room, then sends more, and ends the gateway.
 * @param waiting  the sends that were not acknowledged for want of room
 * @param more  how many events to send then
 * @returns how long it took to resume, how many events are missing, and what was wrong */
export async function judgeResume({ makeRoom, waiting, more, device, consumer, gateway }) {
  const problems = []
  const roomAtMs = Date.now()
  makeRoom()
  if (!(await within(RESUME_MS, Promise.all(waiting)))) problems.push('it did not resume')
  const resumedMs = Date.now() - roomAtMs
  for (let n = 0; n < more; n++) await device.send()
  for (let waitedMs = 0; waitedMs < ARRIVE_MS && consumer.seen().size < device.made; waitedMs += 20) await sleep(20)
  const lost = device.made - consumer.seen().size
  if (lost > 0) problems.push(`${lost} events are lost`)
  if (consumer.alarms.at(-1)?.state !== 'ok') problems.push('the alarm does not end')
  await endGatewayProcess(gateway)
  return { resumedMs, lost, problems }
}
