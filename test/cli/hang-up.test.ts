/** SIGHUP to a gateway that was started in a terminal: a wish to reload, or the end of the terminal. */

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { configFolder } from '../gateway/config/support.js'
import { until } from '../gateway/until.js'
import { MAIN, spawnCli } from './built.js'

/** A gateway in a terminal of its own, which is gone when socat is. */
async function startInTerminal() {
  // Makes the build when it is older than the source.
  await spawnCli(['--version']).exited()
  const config = configFolder().write(
    'portwire.yaml',
    'version: 1\nmqtt: {embedded: "127.0.0.1:0"}\ndevices:\n  a: {serial: /dev/ttyNONE9, contract: greenhouse.yaml}\n',
  )
  const command = `${process.execPath} ${MAIN} gateway --config ${config}`
  const socat = spawn('socat', ['-', `EXEC:${command},pty,setsid,ctty,stderr`])
  onTestFinished(() => void socat.kill('SIGKILL'))
  let screen = ''
  socat.stdout.on('data', (chunk) => {
    screen += String(chunk)
  })
  await until(
    () => screen.includes('connected to'),
    8_000,
    () => `the gateway is up; the screen: ${screen}`,
  )
  const pid = Number(readFileSync(`/proc/${socat.pid}/task/${socat.pid}/children`, 'utf8').trim())
  onTestFinished(() => {
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL')
  })
  return { socat, pid, screen: () => screen }
}

test('while the terminal is there the config is read again; when it is closed the gateway ends', async () => {
  const { socat, pid, screen } = await startInTerminal()
  process.kill(pid, 'SIGHUP')
  await until(() => screen().includes('the config was read again; devices kept: a'), 5_000, 'the line of the reload')
  expect(existsSync(`/proc/${pid}`)).toBe(true)
  socat.kill('SIGKILL')
  await until(
    () => !existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
    5_000,
    'the gateway has ended',
  )
})
