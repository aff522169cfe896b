// The first example as it is: the sketch compiled for the Uno, the program compiled from TypeScript, a tty between them.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createUno } from '../../src/testing/avr/board.js'
import { startPtyBoard } from '../../src/testing/avr/pty.js'

const LED_PIN = 13

describe('the first example', () => {
  it('blinks the LED of the board ten times', async () => {
    const board = createUno({ image: readFileSync('build/firmware/uno/blink.hex', 'utf8') })
    const tty = await startPtyBoard({ board })
    try {
      const program = spawn(process.execPath, ['build/examples/blink.js', tty.path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      const levels: string[] = []
      program.stdout.on('data', (text) => {
        said += text
        levels.push(board.pin(LED_PIN))
      })
      const status = await new Promise((resolve) => program.once('close', resolve))
      expect(status).toBe(0)
      expect(said).toBe('true\nfalse\n'.repeat(5))
      expect(levels).toEqual(['high', 'low', 'high', 'low', 'high', 'low', 'high', 'low', 'high', 'low'])
    } finally {
      await tty.stop()
    }
  })
})
