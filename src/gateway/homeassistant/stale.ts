/** Discovery that an earlier run of this gateway has left at the broker. Pure. */

import { gatewayObjectId, ORIGIN } from './discovery.js'

/** The components of a config and the platform of each, when it is one of this gateway; undefined for all others, which must not be
 * touched. */
export function foundConfig(payload: Buffer, clientId: string): ReadonlyMap<string, string> | undefined {
  if (payload.length === 0) return undefined
  let config: unknown
  try {
    config = JSON.parse(payload.toString('utf8'))
  } catch {
    // Somebody else's: ours are JSON.
    return undefined
  }
  const { dev, o, cmps } = tableOf(config)
  const { via_device: via, ids } = tableOf(dev)
  const gateway = gatewayObjectId(clientId)
  const isOurs = tableOf(o)['name'] === ORIGIN && (via === gateway || (Array.isArray(ids) && ids.includes(gateway)))
  if (!isOurs) return undefined
  return new Map(
    Object.entries(tableOf(cmps)).flatMap(([name, component]) => {
      const { p } = tableOf(component)
      return typeof p === 'string' ? [[name, p] as const] : []
    }),
  )
}

/** Components that were there and are not any more, or are something else now, as they are removed: by their platform alone. */
export function goneComponents(
  before: ReadonlyMap<string, string> | undefined,
  now: Readonly<Record<string, { readonly p: string }>>,
): Readonly<Record<string, { readonly p: string }>> | undefined {
  const gone = [...(before ?? [])].filter(([name, p]) => !Object.hasOwn(now, name) || now[name]!.p !== p)
  return gone.length === 0 ? undefined : Object.fromEntries(gone.map(([name, p]) => [name, { p }]))
}

function tableOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
