/** `portwire gateway` with its embedded broker in a process of its own, so that its memory is that of the gateway alone. */

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashPassword } from '../../src/gateway/broker/password-hash.js'
import { freePort } from '../gateway/mosquitto.js'
import { connectClient } from '../gateway/mqtt-client.js'
import { until } from '../gateway/until.js'

export const LOGIN = { username: 'operator', password: 'correct horse', reconnectPeriod: 0 }

export interface GatewayProcess {
  readonly port: number
  readonly url: string
  rssMb(): number
  /** What it has said on stderr. */
  log(): string
  stop(): Promise<void>
}

/** Resolves when somebody with LOGIN is let in.
 * @param devices  as in the config; files that they name are of `files`, by name */
export async function startGatewayProcess(
  devices: Readonly<Record<string, unknown>> = {},
  files: Readonly<Record<string, unknown>> = {},
): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'portwire-gateway-'))
  const port = await freePort()
  const users = { operator: { password: await hashPassword(LOGIN.password), role: 'operator' } }
  const config = { version: 1, mqtt: { embedded: { listen: `127.0.0.1:${port}`, users } }, devices }
  for (const [name, content] of Object.entries({ ...files, 'portwire.json': config })) {
    writeFileSync(join(folder, name), JSON.stringify(content))
  }
  const child = spawn(process.execPath, ['dist/cli/main.js', 'gateway', '--config', join(folder, 'portwire.json')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += String(chunk)
  })
  const url = `mqtt://127.0.0.1:${port}`
  const isLetIn = () =>
    connectClient(url, [], { ...LOGIN, connectTimeout: 1_000 }).then(
      (client) => client.end().then(() => true),
      () => false,
    )
  await until(isLetIn, 15_000, () => `the gateway listens; on stderr: ${log}`)
  return {
    port,
    url,
    rssMb: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024,
    log: () => log,
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true })
    },
  }
}

/** The most above what it was at the start. */
export function watchRss(gateway: GatewayProcess): { stop(): number } {
  const before = gateway.rssMb()
  let most = before
  const look = () => {
    most = Math.max(most, gateway.rssMb())
  }
  const timer = setInterval(look, 20)
  return {
    stop() {
      look()
      clearInterval(timer)
      return most - before
    },
  }
}
