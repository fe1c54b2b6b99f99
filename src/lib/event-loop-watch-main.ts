/** The thread of `event-loop-watch.ts`. It writes its line itself: the main thread, which writes all others, does not. */

import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { EventLoopWatch } from './event-loop-watch.ts'

const { beats, tickMs, mostTicks, seconds } = workerData as EventLoopWatch
let last = Atomics.load(beats, 0)
let silent = 0

setInterval(() => {
  const now = Atomics.load(beats, 0)
  silent = now === last ? silent + 1 : 0
  last = now
  if (silent < mostTicks) return
  const time = Math.round(performance.timeOrigin + performance.now())
  const msg = `nothing was answered for ${seconds} s, so this process is ended and can be started again. With the embedded database this is what a failed write looks like: is the disk full or damaged?`
  // As pino writes a fatal line.
  writeSync(1, `${JSON.stringify({ level: 60, time, msg })}\n`)
  // Of itself a process 1 of a container is not ended so; it needs an init for other reasons too.
  process.kill(process.pid, 'SIGKILL')
}, tickMs)
