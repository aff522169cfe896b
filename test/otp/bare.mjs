// A port program as they are written: bare packets on stdin and stdout, `action | value` in and the value out, in order, nothing known of
// portwire. Action 5 answers late: not before the next request has come. 9 ends the program
// without an answer.

let held = Buffer.alloc(0)
const late = []

function answer(value) {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(value.length)
  process.stdout.write(Buffer.concat([length, value]))
}

process.stdin.on('data', (chunk) => {
  held = Buffer.concat([held, chunk])
  while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
    const end = 2 + held.readUInt16BE(0)
    const action = held[2]
    const value = Buffer.from(held.subarray(3, end))
    held = held.subarray(end)
    if (action === 9) process.exit(3)
    if (action === 5) late.push(value)
    else for (const each of [...late.splice(0), value]) answer(each)
  }
})
process.stdin.on('end', () => process.exit(0))
