// Compiles what the benchmarks run, into build/bench: both echo programs, and Erlang's host.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { contractHeader } from '../../../dist/contract/index.js'
import { root } from '../../setup.mjs'
import { nativeMeter } from '../bridge/contract.mjs'
import { typedEcho } from './contract.mjs'

const LIBRARY = `${root}/firmware/lib/portwire/src`
const SOURCES = `${root}/scripts/bench/ports`

/** @returns the paths of the programs, and the folder of Erlang's module where there is an Erlang */
export function buildPrograms() {
  const folder = `${root}/build/bench`
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/echo_contract.h`, contractHeader(typedEcho))
  const native = ['line_native', 'board_native'].map((name) => `${LIBRARY}/portwire/${name}.cpp`)
  compile('gcc', ['-std=c11', '-D_POSIX_C_SOURCE=200809L', '-O2', `${SOURCES}/echo.c`, '-o', `${folder}/echo`])
  compile('g++', [
    ...['-std=c++11', '-O2', `-I${LIBRARY}`, `-I${folder}`],
    ...[`${SOURCES}/echo_portwire.cpp`, ...native, '-o', `${folder}/echo_portwire`],
  ])
  return { echo: `${folder}/echo`, echoPortwire: `${folder}/echo_portwire`, folder }
}

/** @returns the path of the program that sends plain events */
export function buildEvents() {
  const folder = `${root}/build/bench`
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/events_contract.h`, contractHeader(nativeMeter))
  const native = ['line_native', 'board_native'].map((name) => `${LIBRARY}/portwire/${name}.cpp`)
  const program = `${folder}/events_portwire`
  compile('g++', [
    ...['-std=c++11', '-O2', `-I${LIBRARY}`, `-I${folder}`],
    ...[`${root}/scripts/bench/bridge/events_portwire.cpp`, ...native, '-o', program],
  ])
  return program
}

export function buildErlang(folder) {
  compile('erlc', ['-o', folder, `${SOURCES}/host_erlang.erl`])
}

function compile(command, args) {
  execFileSync(command, args, { stdio: ['ignore', 2, 2] })
}
