/** LOG of a text in flash, F("..."), which only a core of Arduino has: compiled for a computer with as much of its API as that needs. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { BUILD_TIMEOUT_MS, root } from './build.js'

const PROGRAM = `
#include <Arduino.h>
#include <portwire.h>
#include <stdio.h>
#include <string>
struct Line {
  typedef portwire::Packets Framing;
  typedef portwire::ArduinoBoard Board;
  static constexpr size_t kReceiveBytes = 0;
  static constexpr size_t kMaxContentBytes = 56;
  static constexpr size_t kReplyBytes = 64;
  static constexpr uint8_t kWindow = 1;
  bool available() { return false; }
  uint8_t read() { return 0; }
  void write(uint8_t byte) { printf("%02x", byte); }
  void commit() { printf("\\n"); }
};
template <uint8_t kMaxTextBytes> void log(size_t bytes) {
  static portwire::Device<Line, portwire::ContractBase, portwire::Log<kMaxTextBytes>> port;
  const std::string text(bytes, 'a');
  port.log(portwire::Severity::kInfo, F(text.c_str()));
}
int main() {
  for (size_t bytes : {7, 8, 9, 300}) log<8>(bytes);
  for (size_t bytes : {253, 254, 255, 300}) log<254>(bytes);
  for (size_t bytes : {254, 255, 256, 257, 600}) log<255>(bytes);
}
`

const folder = mkdtempSync(path.join(tmpdir(), 'portwire-flash-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('LOG of a text in flash', () => {
  it('sends one byte less than the maximum, the maximum, and cuts what is longer: 8, 254 and 255', {
    timeout: BUILD_TIMEOUT_MS,
  }, () => {
    const program = path.join(folder, 'log')
    const flags = [
      '-std=c++11',
      '-Wall',
      '-fsanitize=address,undefined',
      '-DARDUINO=10819',
      '-DPORTWIRE_OWN_ARDUINO_BOARD',
    ]
    const includes = ['-Ifirmware/test/arduino', '-Ifirmware/lib/portwire/src']
    const built = spawnSync('g++', [...flags, ...includes, '-x', 'c++', '-', '-o', program], {
      cwd: root,
      input: PROGRAM,
      encoding: 'utf8',
    })
    expect(built.stderr).toBe('')
    // What never ends is killed, and says nothing of its status.
    const { status, stdout } = spawnSync(program, { encoding: 'utf8', timeout: 60_000 })
    expect(status).toBe(0)
    const told = stdout
      .trim()
      .split('\n')
      .map((line) => (line.match(/61/g) ?? []).length)
    expect(told).toEqual([7, 8, 8, 8, 253, 254, 254, 254, 254, 255, 255, 255, 255])
  })
})
