// `npm run docs:recording`: runs the demonstration, presses its keys, makes a call, and draws docs/demo.svg from what was
// printed and when: an animated terminal.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { build, root } from './setup.mjs'

const TYPED = '#7ee787'
const PLAIN = '#e6edf3'
const DIM = '#8b949e'
const LINE_PX = 19
const CHARACTER_PX = 8.4
const COLUMNS = 104
const HOLD_S = 6

build()
const main = `${root}/dist/cli/main.js`
const lines = []
const startMs = performance.now()
const say = (text, color = PLAIN) => lines.push({ atS: (performance.now() - startMs) / 1000, text, color })

say('$ npm start', TYPED)
const demo = spawn(process.execPath, [main, 'gateway'], { stdio: ['pipe', 'pipe', 'pipe'] })
const ended = new Promise((resolve) => demo.once('close', resolve))
let readings = 0
let rest = ''
for (const stream of [demo.stdout, demo.stderr]) {
  stream.on('data', (chunk) => {
    rest += chunk
    const complete = rest.split('\n')
    rest = complete.pop()
    for (const text of complete) {
      say(text, text.includes('portwire/') ? PLAIN : DIM)
      if (text.includes('event/reading')) reading(++readings)
    }
  })
}

function reading(count) {
  if (count === 2) call()
  if (count === 4) press('u', 'the cable is pulled')
  if (count === 8) press('q', 'quit')
}

function press(key, what) {
  say(`[${key}]  ${what}`, TYPED)
  demo.stdin.write(`${key}\n`)
  if (key === 'u' && what !== 'and put back') setTimeout(() => press('u', 'and put back'), 2_000)
}

function call() {
  say('other terminal $ npx portwire call greenhouse setVent open=0.4', TYPED)
  const child = spawn(process.execPath, [main, 'call', 'greenhouse', 'setVent', 'open=0.4'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.on('data', (chunk) => say(`other terminal   ${String(chunk).trim()}`))
}

await ended
writeFileSync(`${root}/docs/demo.svg`, draw())
console.log(`docs/demo.svg: ${lines.length} lines`)

function draw() {
  const totalS = lines.at(-1).atS + HOLD_S
  const width = Math.ceil(COLUMNS * CHARACTER_PX + 32)
  const height = lines.length * LINE_PX + 48
  const rows = lines.map(({ atS, text, color }, i) => {
    const percent = ((atS / totalS) * 100).toFixed(2)
    const name = `l${i}`
    // Without animation (a still picture, or a reader who wants none) every line is visible.
    return {
      css: `@keyframes ${name}{0%,${percent}%{opacity:0}${(Number(percent) + 0.01).toFixed(2)}%,100%{opacity:1}}#${name}{animation:${name} ${totalS.toFixed(1)}s infinite}`,
      text: `<text id="${name}" x="16" y="${44 + i * LINE_PX}" fill="${color}" xml:space="preserve">${escapeXml(text.slice(0, COLUMNS))}</text>`,
    }
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal: npm start prints readings that come back over MQTT; a call sets the vent; the cable is pulled and put back.">
<style>text{font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}@media (prefers-reduced-motion:no-preference){${rows.map((row) => row.css).join('')}}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<circle cx="20" cy="16" r="5" fill="#ff5f57"/><circle cx="38" cy="16" r="5" fill="#febc2e"/><circle cx="56" cy="16" r="5" fill="#28c840"/>
${rows.map((row) => row.text).join('\n')}
</svg>
`
}

function escapeXml(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
}
