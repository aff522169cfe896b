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
  /** Of a table of the database, of what LevelDB keeps in memory until it writes one, and of what goes to the disk together when a
   * damaged outbox is copied; 1 MiB is LevelDB's least. */
  outboxTableBytes: 1024 * 1024,
  /** Tables that are open at once: each counts with up to its size as memory of the process; 64 is the least. */
  outboxOpenTables: 64,
  /** Bytes read from the disk after which the tables of what was sent, or dropped, are freed. */
  outboxCompactBytes: 4 * 1024 * 1024,
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
  /** An event that the broker acknowledged this shortly before the last that was heard of it counts as unconfirmed when its connection
   * is lost: as long as the `hold` that the documentation names. */
  outboxUnconfirmedMs: 5_000,
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
  /** Values of a msgpack payload in all, containers and keys counted. */
  msgpackNodes: 16_384,
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
  /** Log lines, of each device and each part of the gateway; what is above is counted. */
  logLinesPerSecond: 50,
  /** Of the message in a log line, escaped and quoted: with time, level and names around it a line has at most 1 KiB. */
  logMessageBytes: 800,
  /** Events of one device on MQTT, where its config says nothing else: tokens a second, and of one that was quiet. */
  eventsPerSecond: 200,
  eventBurst: 400,
  /** What a config may set for either. */
  maxEventsPerSecond: 100_000,
  /** Of a response topic that a caller names. A broker may disconnect who publishes on a topic of very many levels (Mosquitto above
   * 200), and the answer would be tried again for ever. */
  responseTopicBytes: 256,
  responseTopicLevels: 20,
  devices: 256,
  /** Between two of `bridge/health`; that of zigbee2mqtt. */
  healthMs: 600_000,
  /** Home Assistant: after its start everything is said again, evenly between these; it needs a while to set up what it has found. */
  birthMinMs: 2_000,
  birthMaxMs: 30_000,
  /** How long retained discovery of ours is looked for at the start, and how many configs are remembered. */
  staleDiscoveryMs: 5_000,
  staleDiscoveries: 1_024,
  eventServersPerDevice: 16,

  /** Of the gateway's own SUBSCRIBE or UNSUBSCRIBE; more go in several packets: 256 devices are 769 filters, and brokers have bounds. */
  subscribeFilters: 64,
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
  /** From the first byte to having been let in. */
  brokerConnectMs: 4_500,
  brokerSockets: 200,
  /** From one address of another machine. */
  brokerSocketsPerAddress: 20,
  /** Connections that were not let in yet: beyond, the oldest of them goes. */
  brokerSocketsWaiting: 64,
  /** Logins that wait for their password to be checked; a further one is told to come again. */
  brokerLoginsWaiting: 16,
  /** A client that asks for no keepalive, or a longer one, is looked at as if it had asked for this. */
  brokerKeepaliveSeconds: 1_200,
  /** A subscriber that takes nothing for so long is disconnected. */
  brokerDrainMs: 4_000,
  /** Bytes that wait for all subscribers together: beyond, the one with the most is disconnected. */
  brokerWaitingBytes: 12 * 1024 * 1024,
  /** Of a SUBSCRIBE or UNSUBSCRIBE; Home Assistant asks for 500 at once at most. A client with a longer one is disconnected. */
  brokerSubscribeFilters: 512,
  brokerSubscribeBytes: 64 * 1024,
  /** Of each client, and of one that acts for many devices: an operator, a gateway, anybody where there are no users. A client that
   * asks for a further one is disconnected. */
  brokerSubscriptions: 100,
  brokerManySubscriptions: 1_024,
  /** Of all clients but the gateway itself, each of 1 to 2 KB: who asks for a further one is disconnected. */
  brokerSubscriptionsTogether: 4_096,
  brokerTopicBytes: 1_024,
  brokerTopicLevels: 20,
  /** Retained messages and their bytes; beyond, a message is passed on and not retained. */
  brokerRetainedTopics: 10_000,
  brokerRetainedBytes: 8 * 1024 * 1024,
  /** QoS 2 messages of a client that it has not released. */
  brokerInboundMessages: 10,
  brokerUsers: 100,
} as const
