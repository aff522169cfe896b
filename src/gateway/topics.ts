/** Every topic of the gateway, built and taken apart here only. Names in them are ids, so that no topic can be forged. */

/** Names of devices and, as the contract checks them, of actions and events. */
export const NAME = /^[A-Za-z0-9_-]{1,64}$/
/** `bridge` is the gateway's own name in the tree. */
export const RESERVED_NAMES: readonly string[] = ['bridge']
/** Levels of names, at most four. */
export const BASE_TOPIC = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,3}$/

export interface Topics {
  readonly base: string
  readonly bridgeState: string
  readonly bridgeInfo: string
  readonly bridgeDevices: string
  readonly bridgeEvent: string
  readonly bridgeLogging: string
  readonly bridgeHealth: string
  readonly bridgeOutbox: string
  /** Subscription for all requests to the gateway. */
  readonly bridgeRequests: string
  bridgeRequest(request: string): string
  bridgeResponse(request: string): string
  state(device: string): string
  event(device: string, event: string): string
  availability(device: string): string
  /** The whole contract of a device. */
  contract(device: string): string
  log(device: string): string
  /** Subscription for all calls of one device. */
  calls(device: string): string
  call(device: string, action: string): string
  set(device: string): string
  get(device: string): string
  response(device: string): string
  /** What an incoming topic asks for; undefined for a topic that the gateway does not serve. */
  parse(topic: string): Addressed | undefined
}

export type Addressed =
  | { readonly kind: 'request'; readonly request: string }
  | { readonly kind: 'call'; readonly device: string; readonly action: string }
  | { readonly kind: 'set' | 'get'; readonly device: string }

export function createTopics(base: string): Topics {
  const bridge = `${base}/bridge`
  return {
    base,
    bridgeState: `${bridge}/state`,
    bridgeInfo: `${bridge}/info`,
    bridgeDevices: `${bridge}/devices`,
    bridgeEvent: `${bridge}/event`,
    bridgeLogging: `${bridge}/logging`,
    bridgeHealth: `${bridge}/health`,
    bridgeOutbox: `${bridge}/outbox`,
    bridgeRequest: (request) => `${bridge}/request/${request}`,
    bridgeRequests: `${bridge}/request/#`,
    bridgeResponse: (request) => `${bridge}/response/${request}`,
    state: (device) => `${base}/${device}`,
    event: (device, event) => `${base}/${device}/event/${event}`,
    availability: (device) => `${base}/${device}/availability`,
    contract: (device) => `${base}/${device}/contract`,
    log: (device) => `${base}/${device}/log`,
    calls: (device) => `${base}/${device}/call/+`,
    call: (device, action) => `${base}/${device}/call/${action}`,
    set: (device) => `${base}/${device}/set`,
    get: (device) => `${base}/${device}/get`,
    response: (device) => `${base}/${device}/response`,
    parse(topic) {
      if (!topic.startsWith(`${base}/`)) return undefined
      const levels = topic.slice(base.length + 1).split('/')
      if (levels[0] === 'bridge' && levels[1] === 'request') {
        const request = levels.slice(2)
        // Requests have one or two words; anything else cannot be one, and must not shape the topic of an answer.
        if (request.length < 1 || request.length > 2 || !request.every((word) => NAME.test(word))) return undefined
        return { kind: 'request', request: request.join('/') }
      }
      const [device, call, action] = levels
      if (levels.length === 2 && (call === 'set' || call === 'get') && NAME.test(device!))
        return { kind: call, device: device! }
      if (levels.length !== 3 || call !== 'call' || !device || !action) return undefined
      return NAME.test(device) && NAME.test(action) ? { kind: 'call', device, action } : undefined
    },
  }
}

export interface ResponseTopicRules {
  readonly maxBytes: number
  readonly maxLevels: number
  /** Of Home Assistant: its discovery is below the one, and it speaks on the other. */
  readonly discoveryTopic: string
  readonly statusTopic: string
}

/** Why an answer may not be published on `topic`, which a caller chose; undefined when it may.
 * The gateway publishes with its own rights, so a caller must not have it speak on topics that mean something to others. */
export function responseTopicProblem(
  topic: string,
  base: string,
  { maxBytes, maxLevels, discoveryTopic, statusTopic }: ResponseTopicRules,
): string | undefined {
  if (topic === '') return 'it is empty'
  if (Buffer.byteLength(topic) > maxBytes) return `it is longer than ${maxBytes} bytes`
  if (topic.split('/').length > maxLevels) return `it has more than ${maxLevels} levels`
  if (/[+#\0]/.test(topic)) return 'it has a wildcard or a NUL'
  if (topic.startsWith('$')) return 'it begins with $'
  if (topic === statusTopic || (topic.startsWith(`${discoveryTopic}/`) && topic.endsWith('/config'))) {
    return 'it is one of Home Assistant'
  }
  const below = topic.startsWith(`${base}/`) ? topic.slice(base.length + 1).split('/') : []
  const isResponse = below[1] === 'response'
  if (topic === base || (below.length > 0 && !isResponse)) return `it is under ${base}/, and not a response topic there`
  return undefined
}
