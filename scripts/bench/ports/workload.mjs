// What every host of this benchmark does, for those written in JavaScript: the payload, the callers, the clock.

/** Calls before the clock starts, so that compilers have seen the code. */
export const WARM_UP_CALLS = 10_000

const NAME = 'vent'

export const payload = (id) => ({ id, name: NAME, on: true })

function verify(reply, id) {
  if (reply.id !== id || reply.name !== NAME || reply.on !== true) {
    throw new Error(`call ${id} was answered by ${JSON.stringify(reply)}`)
  }
}

/** Runs `calls` calls by `inFlight` callers, of whom each waits for its answer before it calls again. Prints the time in µs.
 * @param call  a payload to a promise of the reply */
export async function measure(call, calls, inFlight) {
  await run(call, WARM_UP_CALLS, inFlight)
  const start = process.hrtime.bigint()
  await run(call, calls, inFlight)
  console.log(String((process.hrtime.bigint() - start) / 1000n))
}

async function run(call, calls, inFlight) {
  let next = 0
  const caller = async () => {
    while (next < calls) {
      const id = next++
      verify(await call(payload(id)), id)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
}

/** The arguments of a host: the echo program, calls, calls in flight. */
export function hostArguments() {
  const [program, calls, inFlight, ...rest] = process.argv.slice(2)
  return { program, calls: Number(calls), inFlight: Number(inFlight), rest }
}
