// The examples of the device library: their list, and their builds as programs of this machine.

import path from 'node:path'
import { flagsOf } from './flags.mjs'
import { compileAll, filesIn, isStale, needTools, run, sourcesIn } from './tools.mjs'

const FOLDER = 'firmware/lib/portwire/examples'
/** Arduino's API over this machine: what the sketches see, and what stands behind it. */
const ARDUINO = 'firmware/test/arduino'

/** `name` is that of the image and the program, `contract` the export of `docs/examples/<contractFile>.contract.ts`, `call` the
 * arguments of action 0 for measuring its turnaround: null none, undefined where a job answers it. */
export const EXAMPLES = [
  example('Blink', 'blink', 'blink', [true]),
  example('Button', 'button', 'button', null),
  example('Motor', 'motor', 'motor', undefined),
  example('Thermostat', 'thermostat', 'thermostat', null),
  example('SensorNode', 'sensor_node', 'sensorNode', [true]),
]

function example(title, name, contract, call) {
  return {
    title,
    name,
    contract,
    call,
    contractFile: name.replaceAll('_', '-'),
    folder: `${FOLDER}/${title}`,
    sketch: `${FOLDER}/${title}/${title}.ino`,
    header: `${FOLDER}/${title}/${name}_contract.h`,
  }
}

/** build/firmware/examples/<name>: the sketch behind a pseudo-terminal. */
export async function buildExamples({ build, library }) {
  needTools(['g++'], [], 'g++')
  const directory = path.join(build, 'examples')
  const flags = [...flagsOf('debian_examples'), `-I${library}`]
  const sketchFlags = [...flags, ...flagsOf('debian_examples', 'sketch_flags')]
  const behind = [...sourcesIn(ARDUINO), `${library}/portwire/line_native.cpp`, `${library}/portwire/board_native.cpp`]
  for (const { name, sketch, folder } of EXAMPLES) {
    const target = `${directory}/${name}`
    if (isStale(target, [...filesIn(folder), ...filesIn(ARDUINO), ...filesIn(library)])) {
      const objects = await compileAll('g++', `${directory}/${name}.objects`, [sketch, ...behind], (source) =>
        source === sketch ? [...sketchFlags, '-x', 'c++', '-include', 'Arduino.h'] : flags,
      )
      await run('g++', [...objects, '-o', target])
    }
    console.log(target)
  }
}
