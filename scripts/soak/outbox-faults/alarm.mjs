// The alarm of the outbox: who is subscribed hears it, and who comes later finds it retained.

import mqtt from 'mqtt'
import { sleep } from '../gateway-kill/setup.mjs'

const ALARM_MS = 1_000
const TRY_MS = 200

/** Looks, with a new subscriber each time, until one is given the retained alarm.
 * @returns how long after `fromMs` it was there; undefined: not within a second */
export async function retainedAlarmMs(url, fromMs) {
  do {
    const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
    const told = new Promise((resolve) => {
      client.on('message', (_topic, payload, { retain }) => resolve(retain && JSON.parse(payload).state))
    })
    await client.subscribeAsync('portwire/bridge/outbox', { qos: 1 })
    const state = await Promise.race([told, sleep(TRY_MS)])
    const afterMs = Math.ceil(Date.now() - fromMs)
    await client.endAsync(true)
    if (state === 'unavailable' && afterMs <= ALARM_MS) return afterMs
  } while (Date.now() - fromMs <= ALARM_MS)
  return undefined
}

/** @param late  what a late subscriber found
 * @returns how long after `fromMs` it was heard, and what was wrong */
export function judgeAlarm(alarms, fromMs, late) {
  const alarm = alarms.find(({ state, atMs }) => state === 'unavailable' && atMs >= Math.floor(fromMs))
  if (!alarm) return { alarmMs: -1, problems: ['no alarm'] }
  const alarmMs = Math.ceil(alarm.atMs - fromMs)
  const problems = []
  if (alarmMs > ALARM_MS) problems.push(`the alarm came after ${alarmMs} ms`)
  if (!alarm.retain) problems.push('the alarm is not retained')
  if (late === undefined) problems.push(`who subscribed later did not find the alarm within ${ALARM_MS} ms`)
  return { alarmMs, problems }
}
