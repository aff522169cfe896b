/** portwire doctor, at machines that are folders. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Machine } from '../../src/cli/doctor/machine.js'
import { type DoctorCommand, doctorCommand } from '../../src/cli/doctor.js'
import { configFolder } from '../gateway/config/support.js'
import { spawnCli } from './built.js'

const UNO = '/dev/ttyACM0'
const STRANGER = 4_000

/** A machine with a board on it; nothing is wrong there for root. */
function fakeMachine(
  files: Readonly<Record<string, string>> = {},
): Machine & { write(path: string, text: string): string } {
  const root = mkdtempSync(join(tmpdir(), 'portwire-machine-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const write = (path: string, text: string) => {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }
  chmodSync(write(UNO, ''), 0o660)
  write('etc/group', `dialout:x:${statSync(join(root, UNO)).gid}:ann,bob\n`)
  write('proc/1/comm', 'systemd\n')
  write('proc/locks', '')
  for (const [path, text] of Object.entries(files)) write(path, text)
  return {
    root,
    write,
    uid: STRANGER,
    gids: [STRANGER],
    user: 'cem',
    node: '20.19.0',
    libuv: '1.46.0',
    list: async () => [{ path: UNO, vendorId: '2341', productId: '0043', serialNumber: '7573' }],
  }
}

async function doctor(machine: Machine, command: Partial<DoctorCommand> = {}) {
  const stdout = new PassThrough()
  const none = new PassThrough()
  const io = { stdout, stderr: none, stdin: none, signal: new AbortController().signal }
  const code = await doctorCommand(io, { paths: [], config: undefined, json: false, ...command }, machine)
  stdout.end()
  const out = (await stdout.toArray()).join('')
  return { code, out, lines: out.trimEnd().split('\n') }
}

const root = (machine: Machine): Machine => ({ ...machine, uid: 0, gids: [0] })

describe('portwire doctor before a board is opened', () => {
  test('a machine on which nothing is wrong: exit code 0, and a note on the reset', async () => {
    const machine = fakeMachine()
    const { code, lines } = await doctor(root(machine))
    const { gid } = statSync(join(machine.root, UNO))
    expect(lines).toEqual([
      'ok    Node.js 20.19.0, libuv 1.46.0',
      'ok    ModemManager does not run',
      'ok    brltty does not run',
      `ok    ${UNO}: belongs to the group dialout (GID ${gid})`,
      `ok    ${UNO}: nobody has it open`,
      `note  ${UNO}: opening it resets a board that has its reset on DTR, such as an Uno; not when HUPCL is off`,
      `        echo 'ACTION=="add", SUBSYSTEM=="tty", ATTRS{idVendor}=="2341", RUN+="/bin/stty -F /dev/%k -hupcl"' | sudo tee /etc/udev/rules.d/99-portwire.rules`,
    ])
    expect(code).toBe(0)
  })

  test.each([
    ['who is not in its group', 'cem', 'cem is not in it', 'sudo usermod -aG dialout cem && newgrp dialout'],
    [
      'who is, but not in this session',
      'ann',
      'ann is in it, but was not yet when this session began',
      'newgrp dialout',
    ],
  ])('a user %s is told the command', async (_name, user, why, cure) => {
    const machine = fakeMachine()
    const { code, out } = await doctor({ ...machine, user })
    const { gid } = statSync(join(machine.root, UNO))
    expect(out).toContain(`FAIL  ${UNO}: belongs to the group dialout (GID ${gid}); ${why}\n        ${cure}\n`)
    expect(code).toBe(1)
  })

  test('a group without a name, as in a container: its number is what counts', async () => {
    const machine = fakeMachine({ 'etc/group': 'nobody:x:65534:\n' })
    const { gid } = statSync(join(machine.root, UNO))
    expect((await doctor(machine)).out).toContain(`        docker run --group-add ${gid} --device ${UNO} …\n`)
  })

  test('a mode that shuts the group out', async () => {
    const machine = fakeMachine()
    chmodSync(join(machine.root, UNO), 0o600)
    const { gid } = statSync(join(machine.root, UNO))
    expect((await doctor({ ...machine, gids: [gid] })).out).toContain(`        sudo chmod 660 ${UNO}\n`)
  })

  test('a path is looked for from the folder in which the doctor was called; one without letters is refused', async () => {
    const machine = fakeMachine()
    const { out } = await doctor(root(machine), { paths: [relative(process.cwd(), UNO)] })
    expect(out).toContain(`ok    ${UNO}: nobody has it open\n`)
    await expect(doctor(root(machine), { paths: [''] })).rejects.toThrow('expected the path of a port')
  })

  test('who holds the port is named', async () => {
    const machine = fakeMachine({ 'proc/77/comm': 'screen\n' })
    const { ino } = statSync(join(machine.root, UNO))
    machine.write('proc/locks', `1: FLOCK  ADVISORY  WRITE 77 00:05:${ino} 0 EOF\n`)
    const { code, out } = await doctor(root(machine))
    expect(out).toContain(`FAIL  ${UNO}: screen (process 77) has it open\n        kill 77\n`)
    expect(code).toBe(1)
  })

  test('one that has it open without a lock as well', async () => {
    const machine = fakeMachine({ 'proc/78/comm': 'cat\n' })
    mkdirSync(join(machine.root, 'proc/78/fd'), { recursive: true })
    symlinkSync(join(machine.root, UNO), join(machine.root, 'proc/78/fd/3'))
    expect((await doctor(root(machine))).out).toContain(`FAIL  ${UNO}: cat (process 78) has it open\n`)
  })

  test('ModemManager and brltty, each with what ends it', async () => {
    const machine = fakeMachine({ 'proc/5/comm': 'ModemManager\n', 'proc/6/comm': 'brltty\n' })
    const { code, out } = await doctor(root(machine))
    expect(out).toContain('FAIL  ModemManager runs (process 5): it opens new serial ports')
    expect(out).toContain('        sudo systemctl disable --now ModemManager\n')
    expect(out).toContain('FAIL  brltty runs (process 6): it takes CH340')
    expect(out).toContain('        sudo systemctl mask --now brltty-udev.service brltty.service\n')
    expect(code).toBe(1)
  })

  test.each([
    ['20.18.3', 1],
    ['18.20.0', 1],
    ['20.19.0', 0],
    ['22.0.0', 0],
  ])('Node.js %s: exit code %i', async (node, code) => {
    const result = await doctor({ ...root(fakeMachine()), node })
    expect(result.code).toBe(code)
    if (code === 1) expect(result.out).toContain(`FAIL  Node.js ${node}, libuv 1.46.0: 20.19 or newer is needed\n`)
  })

  test('a path that is not there, and a machine without ports', async () => {
    const machine = root(fakeMachine())
    const missing = await doctor(machine, { paths: ['/dev/ttyUSB9'] })
    expect(missing.out).toContain('FAIL  /dev/ttyUSB9: there is no such port\n        portwire list\n')
    expect(missing.code).toBe(1)
    const none = await doctor({ ...machine, list: async () => [] })
    expect(none.out).toContain('note  no serial port is there')
    expect(none.code).toBe(0)
  })

  test('a config: its devices are looked at, by path and by identity; one that is wrong is exit code 2', async () => {
    const folder = configFolder()
    const machine = root(fakeMachine())
    const config = folder.write(
      'portwire.yaml',
      'version: 1\ndevices:\n  a: {match: {vendor_id: "2341"}, contract: greenhouse.yaml}\n' +
        '  b: {match: {vendor_id: "10c4"}, contract: greenhouse.yaml}\n  c: {spawn: [./x], contract: greenhouse.yaml}\n',
    )
    const { code, out } = await doctor(machine, { config })
    expect(out).toContain(`ok    ${config}: usable, 3 devices\n`)
    expect(out).toContain(`ok    ${UNO}: nobody has it open\n`)
    expect(out).toContain('FAIL  PORT_NOT_FOUND: no serial port is USB 10c4:?; there are: /dev/ttyACM0')
    expect(code).toBe(1)
    const wrong = folder.write('wrong.yaml', 'version: 1\ndevices: {}\nx: 1\n')
    const refused = await doctor(machine, { config: wrong })
    expect(refused.out).toContain(`FAIL  ${wrong}:3:1: x: unknown key`)
    expect(refused.code).toBe(2)
  })

  test('--json prints the same as one array', async () => {
    const { out } = await doctor(root(fakeMachine()), { json: true })
    expect(JSON.parse(out)).toContainEqual({
      check: 'holder',
      status: 'ok',
      message: `${UNO}: nobody has it open`,
    })
  })

  test('the program runs it on this machine', async () => {
    const cli = spawnCli(['doctor', '--json'])
    const { code } = await cli.exited()
    const findings = JSON.parse(cli.out()) as { check: string; status: string; cure?: string }[]
    expect(findings[0]).toMatchObject({ check: 'node', status: 'ok' })
    expect(code).toBe(findings.some(({ status }) => status === 'problem') ? 1 : 0)
    for (const { status, cure } of findings) if (status === 'problem') expect(cure).toEqual(expect.any(String))
  })
})
