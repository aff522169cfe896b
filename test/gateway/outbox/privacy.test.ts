/** What others than its owner may do with the outbox of the built program, started with the worst umask. */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { spawnCli } from '../../cli/built.js'
import { configFolder } from '../config/support.js'
import { startMosquitto } from '../mosquitto.js'
import { until } from '../until.js'

/** `npm run build:firmware` makes it. */
const NATIVE = fileURLToPath(new URL('../../../build/firmware/native/greenhouse', import.meta.url))
/** User, password of the file, and of the environment. */
const CANARIES = ['kanari-user', 'kanari-file', 'kanari-environment'] as const

function entriesBelow(path: string) {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => {
    const name = join(entry.parentPath, entry.name)
    // LevelDB may have removed it meanwhile.
    const stat = statSync(name, { throwIfNoEntry: false })
    return stat ? [{ name, isFile: entry.isFile(), mode: stat.mode & 0o777 }] : []
  })
}

const textBelow = (path: string) =>
  entriesBelow(path)
    .filter(({ isFile }) => isFile)
    .map(({ name }) => {
      try {
        return readFileSync(name, 'latin1')
      } catch {
        return '' // LevelDB has removed it meanwhile
      }
    })
    .join('\n')

describe('the outbox of a gateway over a program', () => {
  it('R28: started with umask 000, its folders are 0700 and its files 0600, put aside as well, and no secret is in them', async () => {
    const broker = await startMosquitto()
    onTestFinished(() => broker.remove())
    await broker.kill()
    const folder = configFolder()
    const state = join(folder.path, 'state')
    folder.write('secrets.yaml', `mqtt: {user: ${CANARIES[0]}, password: ${CANARIES[1]}}\n`)
    const config = folder.write(
      'portwire.yaml',
      `version: 1
mqtt: {server: "${broker.url}", user: !secret mqtt.user, password: !secret mqtt.password}
outbox: {dir: state/attic/outbox}
devices: {greenhouse: {spawn: [${NATIVE}], contract: greenhouse.yaml}}
`,
    )
    const run = async (env: NodeJS.ProcessEnv, isDone: () => boolean) => {
      const before = process.umask(0)
      const cli = spawnCli(['gateway', '--config', config, '--log-level', 'debug'], { env: { ...process.env, ...env } })
      process.umask(before)
      await until(isDone, 15_000, () => `it is done; on stderr: ${cli.err()}`)
      const entries = entriesBelow(state)
      const text = textBelow(state)
      cli.child.kill('SIGTERM')
      await cli.exited()
      return { entries: [...entries, ...entriesBelow(state)], text: text + textBelow(state) }
    }
    const isStored = () => {
      try {
        return readdirSync(join(state, 'attic', 'outbox', 'db')).some(
          (file) =>
            file.endsWith('.log') &&
            readFileSync(join(state, 'attic', 'outbox', 'db', file), 'latin1').includes('portwire/greenhouse/event/'),
        )
      } catch {
        return false // it is not there yet, or a file of it is gone
      }
    }
    const first = await run({}, isStored)
    writeFileSync(join(state, 'attic', 'outbox', 'db', 'CURRENT'), 'MANIFEST-999999\n')
    const isAside = () => readdirSync(join(state, 'attic')).some((name) => name.includes('.quarantine-'))
    const second = await run({ PORTWIRE_CONFIG_MQTT_PASSWORD: CANARIES[2] }, () => isAside() && isStored())

    const entries = [...first.entries, ...second.entries]
    const shown = entries.filter(({ isFile, mode }) => mode !== (isFile ? 0o600 : 0o700))
    expect(shown).toEqual([])
    const kinds = new Set(entries.map(({ name }) => dirname(name).slice(state.length)))
    expect([...kinds].map((kind) => kind.replace(/\d{8}T\d+Z/, 'TIME')).sort()).toEqual([
      '',
      '/attic',
      '/attic/outbox',
      '/attic/outbox.lock',
      '/attic/outbox.quarantine-TIME',
      '/attic/outbox.quarantine-TIME/db',
      '/attic/outbox/db',
    ])
    expect(CANARIES.filter((canary) => (first.text + second.text).includes(canary))).toEqual([])
  }, 60_000)
})
