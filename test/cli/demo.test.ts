/** The demonstration from end to end: the built program, the emulated board with the real firmware, MQTT. */

import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connectClient } from '../gateway/mqtt-client.js'
import { MAIN, spawnCli } from './built.js'
import { runCli } from './run-cli.js'

const READING = /event\/reading {2}celsius=[\d.]+ humidity=[\d.]+\n/

async function startDemo() {
  const startMs = performance.now()
  const cli = spawnCli(['gateway'])
  const port = /127\.0\.0\.1:(\d+)/.exec(await cli.outHas(/MQTT broker is 127\.0\.0\.1:\d+/))![1]
  return { cli, url: `mqtt://127.0.0.1:${port}`, startMs }
}

test('it shows a reading within five seconds, and ends within one at Ctrl-C', async () => {
  const { cli, startMs } = await startDemo()
  await cli.outHas(READING)
  expect(performance.now() - startMs).toBeLessThan(5_000)
  const stopMs = performance.now()
  cli.child.kill('SIGINT')
  expect(await cli.exited()).toEqual({ code: 0, signal: null })
  expect(performance.now() - stopMs).toBeLessThan(1_000)
  expect(cli.err()).toBe('')
})

test('u pulls the cable and puts it back, r presses reset, q quits', async () => {
  const { cli } = await startDemo()
  await cli.outHas(READING)
  let seen = cli.out().length
  cli.child.stdin.write('u\n')
  await cli.outHas(/availability {2}state=offline\n/, seen)
  seen = cli.out().length
  cli.child.stdin.write('u\n')
  await cli.outHas(/availability {2}state=online\n/, seen)
  await cli.outHas(READING, seen)
  seen = cli.out().length
  cli.child.stdin.write('r\n')
  await cli.outHas(/state=offline\n[\s\S]*state=online\n/, seen)
  await cli.outHas(READING, seen)
  cli.child.stdin.write('q\n')
  expect(await cli.exited()).toEqual({ code: 0, signal: null })
})

test('the same by MQTT, with answers', async () => {
  const { cli, url } = await startDemo()
  await cli.outHas(READING)
  const client = await connectClient(url, ['portwire/bridge/response/#', 'portwire/greenhouse/availability'])
  onTestFinished(() => client.end())
  const expectState = async (request: string, done: string, state: string) => {
    const seen = client.messages.length
    await client.publish(`portwire/bridge/request/demo/${request}`, { transaction: request })
    const answer = await client.next(`portwire/bridge/response/demo/${request}`)
    expect(answer.json).toEqual({ data: { done }, status: 'ok', transaction: request })
    await client.next('portwire/greenhouse/availability', ({ json }) => json['state'] === state, seen)
  }
  await expectState('unplug', 'the cable is pulled', 'offline')
  await expectState('plug', 'the cable is back', 'online')
  await expectState('reset', 'reset is pressed', 'offline')
})

test('the lines that it says to try work: call and monitor', async () => {
  const { cli, url } = await startDemo()
  await cli.outHas(READING)
  expect(cli.out()).toContain('npx portwire call greenhouse setVent open=0.4')
  expect(await runCli('call', 'greenhouse', 'setVent', 'open=0.4', `--mqtt=${url}`)).toEqual({
    code: 0,
    out: '0.4\n',
    err: '',
  })
  await cli.outHas(/event\/vent {2}open=0\.4\n/)
  const monitor = spawnCli(['monitor', 'greenhouse', '--mqtt', url])
  await monitor.outHas(/ reading celsius=/)
  monitor.child.stdout.destroy()
  expect((await monitor.exited()).code).toBe(0)
})

test('a second one takes the next free port, and says so', async () => {
  const first = await startDemo()
  const second = await startDemo()
  expect(second.url).not.toBe(first.url)
  await second.cli.outHas(/port 1883 is taken/)
  await second.cli.outHas(READING)
})

test('what it says to try works where the user is, which npm says when it runs elsewhere', async () => {
  const cli = spawnCli(['gateway'], { env: { ...process.env, INIT_CWD: tmpdir() } })
  await cli.outHas(/ monitor greenhouse/)
  // As a path from there or a whole one, whichever is shorter: it must lead to this program.
  const [, program] = /^ {2}node (\S+) call greenhouse setVent open=0\.4$/m.exec(cli.out())!
  expect(resolve(tmpdir(), program!)).toBe(MAIN)
})
