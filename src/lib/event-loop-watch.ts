/**
 * Ends a process whose main thread has stopped answering, so that its supervisor starts another one. The embedded database does
 * not come back from a write that failed: the thread turns in it for ever, and neither webhooks nor `/healthz` are answered.
 */

import { url as debuggerUrl } from 'node:inspector'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'

/** What the thread that watches is given. */
export interface EventLoopWatch {
  /** One number: how often the main thread has come by. */
  beats: Int32Array<SharedArrayBuffer>
  tickMs: number
  /** So many ticks without a beat are the end. */
  mostTicks: number
  seconds: number
}

/** How often the main thread comes by, in ms, and a part of the time that it may be silent. */
const longestTickMs = 1_000
const leastTicks = 10

/**
 * Begins to watch the main thread of this process. Where it comes by no more for `seconds`, a line is logged, and SIGKILL ends the
 * process; time in which the whole process stood still does not count. Under a debugger nothing is watched.
 * @param seconds 0 watches nothing.
 * @param log is told when the watch itself fails; the process then goes on without one.
 * @returns ends the watch.
 */
export function watchEventLoop(seconds: number, log: Pick<Logger, 'warn'>): () => Promise<void> {
  if (seconds === 0 || debuggerUrl()) return async () => {}
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const tickMs = Math.min(longestTickMs, (seconds * 1_000) / leastTicks)
  const mostTicks = Math.ceil((seconds * 1_000) / tickMs)
  const beating = setInterval(() => void Atomics.add(beats, 0, 1), tickMs)
  beating.unref()
  const worker = new Worker(new URL('./event-loop-watch-main.ts', import.meta.url), {
    name: 'event loop watch',
    workerData: { beats, tickMs, mostTicks, seconds } satisfies EventLoopWatch,
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
  })
  worker.unref()
  worker.on('error', (err) => log.warn({ err }, 'nothing watches whether this process still answers'))
  return async () => {
    clearInterval(beating)
    await worker.terminate()
  }
}
