export {
  createEventFeed,
  createFeed,
  type EventContent,
  type EventFeed,
  type EventSource,
  eventsNamed,
  type FeedListener,
} from './feed.js'
export { EVENT_SERVER_DEFAULTS, SENT_EVENT_LIMITS } from './limits.js'
export {
  type EventAddress,
  type EventDrop,
  type EventServer,
  type EventServerCounters,
  type EventServerOptions,
  startEventServer,
} from './server.js'
