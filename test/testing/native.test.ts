import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startNative } from '../../src/testing/native.js'

const program = fileURLToPath(new URL('./firmware/fake-native.sh', import.meta.url))

test('the first line of stdout is the path of the tty, and kill ends the program', async () => {
  const board = await startNative(program, { args: ['run'] })
  expect(board.path).toBe('/dev/pts/99')
  expect(() => process.kill(board.pid, 0)).not.toThrow()
  board.kill()
  expect(await board.exited).toEqual({ status: null, signal: 'SIGKILL' })
  expect(board.stderr()).toBe('listening\n')
})

test('a program that ends without a path is refused with its status and its stderr', async () => {
  await expect(startNative(program, { args: ['fail'] })).rejects.toThrow(
    'ended with status 3 before it said the path of its tty. no pty left',
  )
})

test('a program that says nothing is ended after the ready timeout', async () => {
  await expect(startNative(program, { args: ['silent'], readyTimeoutMs: 20 })).rejects.toThrow('within 20 ms')
})

test('a program that is not there is named', async () => {
  await expect(startNative('/nowhere/firmware')).rejects.toThrow('There is no program /nowhere/firmware')
})
