/**
 * The starter's program: starts git for the orchestrator and sends back how it ended. When the orchestrator is gone,
 * however it went, it ends what it has started and exits.
 */

import { OperatorError } from '../lib/errors.ts'
import type { Answer, Request } from './fork-server.ts'
import { startGit } from './git.ts'

const running = new Map<number, AbortController>()

// Signals meant for the orchestrator's terminal must not end commands that it still waits for.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

process.on('message', (request: Request) => {
  if ('stop' in request) running.get(request.stop)?.abort()
  else void carryOut(request)
})

process.on('disconnect', () => {
  for (const stop of running.values()) stop.abort()
})

async function carryOut({ id, args, options }: Exclude<Request, { stop: number }>): Promise<void> {
  const stop = new AbortController()
  running.set(id, stop)
  try {
    answer({ id, end: await startGit(args, { ...options, signal: stop.signal }) })
  } catch (error) {
    const hint = error instanceof OperatorError ? error.hint : undefined
    answer({ id, failed: error instanceof Error ? error.message : String(error), hint })
  } finally {
    running.delete(id)
  }
}

function answer(text: Answer): void {
  if (process.connected) process.send?.(text, undefined, undefined, () => {})
}
