/** The end of a process that lets its work end first: nothing new is begun, and what is under way has some time. */

import type { Logger } from 'pino'
import { counted } from '../lib/counted.ts'

/** Work that ends by itself. */
export interface Drainable {
  /** How much of it is under way. */
  readonly size: number
  /** Begins nothing new, and waits for the end of the rest. */
  drain(): Promise<void>
}

/** All that has to end, by what people call it. */
export interface DrainedWork {
  agents: Drainable
  checks: Drainable
  batches: Drainable
}

/**
 * Drains all of it.
 * @param options.seconds the most that it takes.
 * @returns whether everything has ended; what has not goes on in another process.
 */
export async function drainWork(
  { agents, checks, batches }: DrainedWork,
  { seconds, log }: { seconds: number; log: Logger },
): Promise<boolean> {
  const all = [agents, checks, batches]
  const left = () => all.reduce((sum, { size }) => sum + size, 0)
  if (left() === 0) return true
  log.info(`waiting up to ${seconds} s for ${whatIsLeft({ agents, checks, batches })}; a second signal ends at once`)
  const timeout = Promise.withResolvers<void>()
  const timer = setTimeout(timeout.resolve, seconds * 1_000)
  await Promise.race([Promise.all(all.map((one) => one.drain())), timeout.promise])
  clearTimeout(timer)
  if (left() > 0) log.warn(`${whatIsLeft({ agents, checks, batches })} had no more time, and will be begun again`)
  return left() === 0
}

/** `2 agents and 1 check`. */
export function whatIsLeft({ agents, checks, batches }: Record<keyof DrainedWork, Pick<Drainable, 'size'>>): string {
  const named = [
    ...(agents.size > 0 ? [counted(agents.size, 'agent')] : []),
    ...(checks.size > 0 ? [counted(checks.size, 'check')] : []),
    ...(batches.size > 0 ? [counted(batches.size, 'test of a batch', 'tests of batches')] : []),
  ]
  return named.length > 1 ? `${named.slice(0, -1).join(', ')} and ${named.at(-1)}` : (named[0] ?? 'nothing')
}
