/** Child processes that must not outlive this one, also when it is ended from outside. */

import type { ChildProcess } from 'node:child_process'

const children = new Map<ChildProcess, NodeJS.Signals>()
let watching = false

/** Ends a child with a signal when this process ends. */
export function endWithThisProcess(child: ChildProcess, signal: NodeJS.Signals): void {
  if (!watching) watch()
  children.set(child, signal)
  child.once('exit', () => children.delete(child))
}

function watch(): void {
  watching = true
  process.once('exit', () => {
    for (const [child, signal] of children) child.kill(signal)
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
}
