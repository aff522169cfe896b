/** Calls that the device took as jobs: their items, their end, and how they are cancelled. A job has its call's token as number. */

import type { PendingCall } from './pending.js'

export interface Jobs {
  /** ACK came: the call goes on as a job. */
  begin(number: number, call: PendingCall): void
  isRunning(number: number): boolean
  /** An item came. @returns false when nobody waits for items of that number */
  item(number: number, sequence: number, item: unknown): boolean
  /** The job has ended; its call is handed out, with how many items it has lost on the way. */
  finish(number: number, items: number | undefined): PendingCall | undefined
  /** The number of the job of a call, while it runs. */
  numberOf(call: PendingCall): number | undefined
  /** The session is over; the calls of all jobs are handed out. */
  end(): PendingCall[]
}

interface Job {
  readonly call: PendingCall
  /** Sequence of the next item. */
  expected: number
}

export function createJobs(): Jobs {
  const jobs = new Map<number, Job>()
  return {
    begin(number, call) {
      jobs.set(number, { call, expected: 0 })
    },
    isRunning: (number) => jobs.has(number),
    item(number, sequence, item) {
      const job = jobs.get(number)
      if (!job) return false
      if (sequence < job.expected) return true // nothing sends an item twice; it is as good as heard
      if (sequence > job.expected) job.call.itemsLost(sequence - job.expected)
      job.expected = sequence + 1
      job.call.item(item)
      return true
    },
    finish(number, items) {
      const job = jobs.get(number)
      if (!job) return undefined
      jobs.delete(number)
      if (items !== undefined && items > job.expected) job.call.itemsLost(items - job.expected)
      return job.call
    },
    numberOf(call) {
      for (const [number, job] of jobs) if (job.call === call) return number
      return undefined
    },
    end() {
      const calls = [...jobs.values()].map((job) => job.call)
      jobs.clear()
      return calls
    },
  }
}
