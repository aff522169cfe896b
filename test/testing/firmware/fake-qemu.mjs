#!/usr/bin/env node
// Stands for qemu-system-arm: a machine that runs and whose main loop sleeps until its monitor gets a line. It then says so on the UART.
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'

const chardev = process.argv.find((argument) => argument.startsWith('socket,id=uart,path='))
const uart = createConnection(chardev.slice('socket,id=uart,path='.length))
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'info status') process.stdout.write('VM status: running\n')
  else if (line === '') uart.write('awake\n')
})
