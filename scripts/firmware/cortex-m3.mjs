// The reference firmware for a bare Cortex-M3, by the flags of [env:cortex_m3].

import path from 'node:path'
import { flagsOf } from './flags.mjs'
import { compileAll, filesIn, isStale, needTools, run, sourcesIn } from './tools.mjs'

const PACKAGES = 'gcc-arm-none-eabi libnewlib-arm-none-eabi'

export async function cortexM3({ build, library, application }) {
  needTools(['arm-none-eabi-g++', 'arm-none-eabi-gcc', 'arm-none-eabi-objcopy'], [], PACKAGES)
  const directory = path.join(build, 'cortex_m3')
  const elf = `${directory}/greenhouse.elf`
  const image = `${directory}/greenhouse.bin`
  if (isStale(image, [...filesIn(application), ...filesIn(library)])) {
    const flags = [...flagsOf('env:cortex_m3'), `-I${library}`]
    const sources = [...sourcesIn(application), ...sourcesIn(`${library}/portwire`)]
    const objects = await compileAll('arm-none-eabi-g++', directory, sources, () => flags)
    // C's driver: the library needs nothing of libstdc++, which is 1.5 GB in Debian's package.
    await run('arm-none-eabi-gcc', [...objects, ...flagsOf('env:cortex_m3', 'custom_link_flags'), '-o', elf])
    await run('arm-none-eabi-objcopy', ['-O', 'binary', elf, image])
  }
  console.log(image)
}
