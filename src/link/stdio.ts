/** This process's own stdin and stdout as a link: for a Node program that is itself a port program. */

import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { type Clock, systemClock } from '../clock.js'
import { deferred } from '../deferred.js'
import { PortwireError } from '../errors.js'
import type { Exit } from '../exit.js'
import { LINK_LIMITS } from './limits.js'
import type { Connector, Link, LinkHandlers } from './link.js'
import { createOutput } from './output.js'

export interface StdioOptions {
  /** False: the stream is on descriptors 3 (read) and 4 (written), for a host that starts this program with
   * `useStdio: false`; stdout stays free for prints. Default true: while the link is open, whatever else this program writes
   * to stdout (console.log) goes to stderr, as it would damage the stream. */
  readonly useStdio?: boolean
  readonly clock?: Clock
}

/** There is one stdin: it can be connected once in the life of the process. */
let isTaken = false

/** The link ends at once when stdin ends or nobody reads stdout any more (EPIPE). */
export function stdioConnector(options: StdioOptions = {}): Connector {
  return {
    name: 'stdio',
    lossless: true,
    async connect(handlers) {
      if (isTaken) {
        throw new PortwireError('PORT_BUSY', "this process's stdin and stdout have been connected before", {
          hint: 'A process has them once; a port over them cannot be restarted.',
        })
      }
      isTaken = true
      return options.useStdio === false ? descriptorLink(handlers, options) : processLink(handlers, options)
    },
  }
}

function processLink(handlers: LinkHandlers, options: StdioOptions): Link {
  const { stdin, stdout, stderr } = process
  const { write } = stdout
  const link = streamLink(stdin, stdout, handlers, options, () => {
    // A paused stdin does not keep the process alive; destroying it would hand descriptor 0 to the next file.
    stdin.pause()
    stdout.write = write
  })
  stdout.write = stderr.write.bind(stderr)
  return link
}

function descriptorLink(handlers: LinkHandlers, options: StdioOptions): Link {
  try {
    const input = new Socket({ fd: 3, readable: true, writable: false })
    const output = new Socket({ fd: 4, readable: false, writable: true })
    return streamLink(input, output, handlers, options, () => {
      input.destroy()
      output.destroy()
    })
  } catch (cause) {
    throw new PortwireError('PORT_NOT_FOUND', 'descriptors 3 and 4 are not the pipes of a host', {
      cause,
      hint: 'Start this program from a port with useStdio: false.',
    })
  }
}

function streamLink(
  input: Readable,
  stream: Writable,
  handlers: LinkHandlers,
  options: StdioOptions,
  release: () => void,
): Link {
  const clock = options.clock ?? systemClock
  const over = deferred<void>()
  let requested = false
  let ended = false
  let inputEnded = false
  let bytesReceived = 0

  const end = (exit: Exit) => {
    if (ended) return
    ended = true
    output.stop()
    process.off('exit', output.flush)
    release()
    handlers.ended(requested ? { kind: 'closed' } : exit)
    over.resolve()
  }
  const output = createOutput(stream, (detail) =>
    end({ kind: 'unplugged', detail: `nobody reads the output (${detail})` }),
  )
  process.on('exit', output.flush)
  input.on('data', (bytes: Uint8Array) => {
    bytesReceived += bytes.length
    if (!ended) handlers.data(bytes)
  })
  input.on('end', () => {
    inputEnded = true
    if (handlers.inputEnded && !ended) handlers.inputEnded()
    else end({ kind: 'unplugged', detail: 'end of input' })
  })
  input.on('error', (error: NodeJS.ErrnoException) =>
    end({ kind: 'unplugged', detail: `input: ${error.code ?? error.message}` }),
  )
  const kill = () => {
    requested = true
    end({ kind: 'closed' })
    return over.promise
  }
  return {
    write: output.write,
    drained: output.drained,
    pause: () => void (requested || input.pause()),
    resume: () => void (ended || input.resume()),
    kill,
    close() {
      requested = true
      if (!ended) input.resume()
      // What is queued still goes out, for a while.
      const cancelCut = clock.after(LINK_LIMITS.closeTimeoutMs, kill)
      void output.flushed().then(kill).then(cancelCut)
      return over.promise
    },
    info: () => ({
      pid: process.pid,
      bytesReceived,
      ...output.info(),
      eof: inputEnded ? ['stdin'] : [],
      isPaused: input.isPaused(),
    }),
  }
}
