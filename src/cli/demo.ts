/** `portwire gateway` without a config: a complete demonstration in one process. An emulated Arduino Uno runs the real firmware
 * image, a gateway serves it, a broker carries the topics, and a subscriber of its own prints what comes back over MQTT. */

import type { Contract } from '../contract/index.js'
import { PortwireError } from '../errors.js'
import { MQTT_DEFAULTS } from '../gateway/config.js'
import type { GatewayConfig } from '../gateway/index.js'
import {
  type Connection,
  connectToBroker,
  type Gateway,
  type Inbound,
  type Log,
  printable,
  startGateway,
} from '../gateway/index.js'
import { greenhouse } from '../testing/greenhouse.js'
import { objectOf } from './behind-gateway.js'
import { createDemoBoard, type DemoBoard } from './demo-board.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { invocation, isInstalled } from './invocation.js'
import { ended, type Io, printLine, sayLine } from './io.js'
import { CTRL_C, listenForKeys } from './keys.js'
import { showMembers, showTime } from './show.js'

const FIRST_PORT = 1883
/** Ports tried when the usual one is taken. */
const MORE_PORTS = 20
const DEVICE = 'greenhouse'

export interface DemoOptions {
  /** First port tried for the broker; 0 is any free one. */
  readonly port?: number
}

export async function demoCommand(io: Io, log: Log, options: DemoOptions = {}): Promise<ExitCode> {
  const board = createDemoBoard()
  const quit = new AbortController()
  const first = options.port ?? FIRST_PORT
  const gateway = await startOnFreePort(board, log, first)
  const port = Number(new URL(gateway.brokerUrl).port)
  introduce(io, port, first)

  const subscriber = await subscribe(io, gateway)
  const stopKeys = listenForKeys(io, (key) => {
    if (key === CTRL_C || key === 'q') quit.abort()
    else if (key === 'u') say(io, board.plugged ? unplug(board) : plug(board))
    else if (key === 'r') say(io, reset(board))
  })
  await Promise.race([ended(io.signal), ended(quit.signal)])
  stopKeys()
  await Promise.all([gateway.close(), subscriber.end()])
  board.stop()
  return EXIT.ok
}

/** A second demonstration, or a broker of the machine, may have the usual port: the next free one will do, as it is only shown. */
async function startOnFreePort(board: DemoBoard, log: Log, first: number): Promise<Gateway> {
  for (let port = first; ; port++) {
    try {
      // The log has a level of its own.
      return await startGateway(configOf(board, port), { log, logLevel: 'debug', requests: requestsOf(board) })
    } catch (error) {
      const isTaken = error instanceof PortwireError && error.code === 'PORT_BUSY'
      if (!isTaken) throw error
      if (port >= first + MORE_PORTS) {
        board.stop()
        throw new PortwireError('PORT_BUSY', `the ports ${first} to ${port} of 127.0.0.1 are all taken`, {
          cause: error,
          hint: 'End one of the programs that hold them.',
        })
      }
    }
  }
}

function configOf(board: DemoBoard, port: number): GatewayConfig {
  const { path, binding, onArrival } = board
  return {
    mqtt: { ...MQTT_DEFAULTS, clientId: 'portwire-demo', server: { kind: 'embedded', port } },
    devices: [
      {
        name: DEVICE,
        target: { serial: path, binding, onArrival },
        contract: greenhouse as unknown as Contract,
        retain: true,
        // Somebody plays with the cable here: no pause grows longer than a person waits.
        restart: { maxMs: 1_000, intensity: 1_000 },
      },
    ],
    shown: { demonstration: true },
  }
}

/** The keys, for those who have only the broker. */
function requestsOf(board: DemoBoard) {
  const done = (act: (board: DemoBoard) => string) => async () => ({ done: act(board) })
  return { 'demo/unplug': done(unplug), 'demo/plug': done(plug), 'demo/reset': done(reset) }
}

function unplug(board: DemoBoard): string {
  board.unplug()
  return 'the cable is pulled'
}

function plug(board: DemoBoard): string {
  board.plug()
  return 'the cable is back'
}

function reset(board: DemoBoard): string {
  board.reset()
  return 'reset is pressed'
}

/** Prints readings as they come back from the broker: what is on the screen went the whole way. */
async function subscribe(io: Io, gateway: Gateway): Promise<Connection> {
  const { topics } = gateway
  const print = ({ topic, payload }: Inbound) => {
    const { id: _id, at: _at, ...members } = objectOf(payload) ?? {}
    printLine(io, `${showTime(new Date())} ${printable(`${topic}  ${showMembers(members)}`)}`)
  }
  const connection = await connectToBroker(
    { url: gateway.brokerUrl, version: 4, clientId: 'portwire-demo-screen', keepaliveSeconds: 10, clean: true },
    {
      message(inbound, taken) {
        print(inbound)
        taken()
      },
      closed: () => {},
    },
  )
  await connection.subscribe([topics.availability(DEVICE), topics.event(DEVICE, '+')])
  return connection
}

function introduce(io: Io, port: number, wanted: number): void {
  // `npm start --prefix DIR` runs in DIR; npm says where the user is.
  const portwire = invocation(process.env['INIT_CWD'] ?? process.cwd(), process.argv[1] ?? 'portwire')
  const at = port === FIRST_PORT ? '' : ` --mqtt mqtt://127.0.0.1:${port}`
  const sub = isInstalled('mosquitto_sub') ? '' : '   (Debian: apt install mosquitto-clients)'
  const taken = port !== wanted && wanted !== 0 ? ` (port ${wanted} is taken)` : ''
  for (const line of [
    `An emulated Arduino Uno runs the greenhouse firmware; its MQTT broker is 127.0.0.1:${port}${taken}.`,
    'Try in another terminal:',
    `  mosquitto_sub -t 'portwire/#' -v -p ${port}${sub}`,
    `  ${portwire} call ${DEVICE} setVent open=0.4${at}`,
    `  ${portwire} monitor ${DEVICE}${at}`,
    'Keys: u pulls the cable and puts it back, r presses reset, q quits.',
    '',
  ]) {
    printLine(io, line)
  }
}

function say(io: Io, text: string): void {
  sayLine(io, `${showTime(new Date())} ${text}`)
}
