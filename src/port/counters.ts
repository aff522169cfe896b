/** A fresh set of counters, all at zero. */

import type { PortCounters } from './types.js'

export function createPortCounters(): PortCounters {
  return {
    bytesReceived: 0,
    bytesSent: 0,
    messagesReceived: 0,
    messagesSent: 0,
    repeatsSent: 0,
    framesDropped: { cobs: 0, length: 0, crc: 0, oversize: 0, short: 0 },
    messagesRefused: 0,
    lateReplies: 0,
    answersRepeated: 0,
    callsRepeated: 0,
    castErrors: 0,
    eventsReceived: 0,
    eventsRepeated: 0,
    eventsOutOfTurn: 0,
    plainEventsLost: 0,
    eventsDropped: 0,
    consoleLines: 0,
    itemsLost: 0,
    requestsReceived: 0,
    requestsRepeated: 0,
    lateAnswers: 0,
    ticks: 0,
  }
}
