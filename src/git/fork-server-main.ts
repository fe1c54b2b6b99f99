/**
 * The program of the fork server: it starts git for the orchestrator and sends back how it ended. When the orchestrator
 * is gone, for whatever reason, it ends what it has started and exits.
 */

import { OperatorError } from '../lib/errors.ts'
import type { ForkReply, ForkRequest } from './fork-server.ts'
import { startGit } from './git.ts'

const running = new Map<number, AbortController>()

// A signal for the orchestrator's terminal must not end commands whose result is still needed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

process.on('message', (request: ForkRequest) => {
  if ('stop' in request) running.get(request.stop)?.abort()
  else void runCommand(request)
})

process.on('disconnect', () => {
  for (const stop of running.values()) stop.abort()
})

async function runCommand({ id, args, options }: Exclude<ForkRequest, { stop: number }>): Promise<void> {
  const stop = new AbortController()
  running.set(id, stop)
  try {
    reply({ id, end: await startGit(args, { ...options, signal: stop.signal }) })
  } catch (error) {
    const hint = error instanceof OperatorError ? error.hint : undefined
    reply({ id, failed: error instanceof Error ? error.message : String(error), hint })
  } finally {
    running.delete(id)
  }
}

function reply(message: ForkReply): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}
