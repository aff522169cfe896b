/** Every limit of the gateway, in one place. docs/gateway.md lists them for the user. */

export const LIMITS = {
  /** QoS 1 messages written and not acknowledged; mqtt.js gains nothing past 128. A smaller Receive Maximum of the broker wins. */
  inFlightMessages: 128,
  /** Messages that wait for the broker, and their bytes; beyond either the oldest that nobody waits for is dropped and counted. */
  outboxMessages: 10_000,
  outboxBytes: 16 * 1024 * 1024,
  /** Reliable events of a device that are on their way to the disk, or to the broker, at once; its window may allow fewer. */
  eventsAhead: 64,
  /** The durable outbox: events that go to the disk together, and how many removals with them. */
  outboxBatch: 64,
  outboxRemovals: 512,
  /** What the broker has is removed from the disk this late, at the latest; after a kill as much is sent twice. */
  outboxRemoveMs: 10,
  /** Read from the disk at once. */
  outboxReadRecords: 256,
  outboxReadBytes: 256 * 1024,
  /** Events in memory on their way to the broker, of devices that have none waiting on the disk; the next ones take the way over it. */
  outboxLive: 1_000,
  /** A longer one takes the way over the disk. */
  outboxLiveBytes: 16 * 1024,
  /** Plain events in memory on their way to the disk; the next ones are dropped and counted. Reliable ones wait on their device. */
  outboxWaiting: 10_000,
  /** Bytes of events on the disk, unless the config says otherwise. */
  outboxDiskBytes: 256_000_000,
  /** When room is made, at least this part of the limit. */
  outboxTrimPart: 1 / 64,
  /** Events that are given up in one batch. */
  outboxDropTogether: 8_192,
  /** Pause before a disk that failed is tried again. */
  outboxReopenMs: 1_000,
  /** After so many tries in a row that ended with EIO a file counts as lost: the outbox is put aside, what can be read is kept. */
  outboxUnreadableTries: 10,
  /** How often events are looked for that are older than the config's ttl. */
  outboxExpiryMs: 10_000,
  /** Acknowledged events that are held for a broker that may forget them; beyond, the oldest is removed early and counted. */
  outboxHeld: 65_536,
  /** With `hold`, what the broker may have forgotten is sent again this long after a reconnect: subscribers come back first. */
  outboxReplayMs: 1_500,
  /** Events of the outbox that wait on the disk have at most this part of the window: live ones need not wait for their place. */
  backlogPart: 3 / 4,
  /** A longer packet is not published, nor one above what the broker takes; it is dropped and counted. */
  publishBytes: 1024 * 1024,
  /** Losses that go on are said this often; those that are over as soon as the queue is empty. */
  lossesSaidMs: 10_000,
  /** Topics that are told apart in warnings about what was dropped; callers choose response topics. */
  topicsSaid: 1_000,
  /** The merged state of a device is published this often at most, and the list of devices this often: the latest counts. */
  stateMs: 100,
  devicesMs: 100,
  /** QoS 0 (log lines, plain events of a device with `qos: 0`) is dropped and counted while more than this waits in the socket. */
  socketBytes: 256 * 1024,
  /** Of QoS 0 in one write; the rest of a turn follows in the next. */
  gatherBytes: 64 * 1024,
  /** A longer command is refused. */
  commandBytes: 256 * 1024,
  /** Of a packet of the broker no more is read: a command of that length with its topic and properties, so that it is seen to
   * be too long. */
  inboundPacketBytes: 512 * 1024,
  /** Tables and lists in each other, in a command. JSON.stringify and what checks arguments descend as deep. */
  commandDepth: 32,
  /** Commands being executed at once, of each device. A further one is refused. */
  commandsPerDevice: 16,
  /** The same of requests to the gateway itself. */
  bridgeRequests: 16,
  /** Refusals of a flood are answered only while fewer messages wait: they must not push events out of the queue. */
  refusalsWaiting: 1_000,
  /** Packet ids of commands that are remembered, so that one that comes again is not run again. */
  commandsRemembered: 4_096,
  /** Characters of a foreign name in an error, and of a line on a terminal. */
  nameChars: 64,
  lineChars: 1_024,
  /** Log lines; what is above is counted. */
  logLinesPerSecond: 50,
  /** Of a response topic that a caller names. */
  responseTopicBytes: 256,
  devices: 256,
  eventServersPerDevice: 16,

  keepaliveSeconds: 10,
  connectTimeoutMs: 5_000,
  /** How long an MQTT 5 broker keeps the session, and with it commands sent meanwhile: a restart or a network fault, no longer. */
  sessionExpirySeconds: 300,
  /** The pause before connecting again is drawn evenly between these, so that many gateways do not come back at once. */
  reconnectMinMs: 1_000,
  reconnectMaxMs: 30_000,
  /** To our own embedded broker there is no crowd to avoid. */
  embeddedReconnectMs: 1_000,

  /** Shutdown: time for `offline` to be acknowledged, for the DISCONNECT, and for everything together. */
  flushMs: 300,
  disconnectMs: 150,
  closeMs: 900,

  configBytes: 1024 * 1024,

  /** The embedded broker. */
  brokerPacketBytes: 256 * 1024,
  brokerConnectBytes: 4 * 1024,
  brokerConnectMs: 5_000,
  brokerSockets: 200,
  /** A subscriber that takes nothing for so long is disconnected: without this it blocks all others. */
  brokerDrainMs: 10_000,
} as const
