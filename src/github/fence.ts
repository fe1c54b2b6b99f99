/**
 * What must hold before a write leaves this machine. A process that was frozen goes on in the middle of a publication,
 * behind every check that came before: so this one is made last, where the request is sent.
 */

import { AsyncLocalStorage } from 'node:async_hooks'

const checks = new AsyncLocalStorage<() => Promise<void>>()

/** Does `work`; each write to GitHub in it is made after `check`, and is not made when that throws. */
export function fenced<T>(check: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  return checks.run(check, work)
}

/** Called right before a write is sent. @throws what the check throws that the write was begun under. */
export async function passFence(): Promise<void> {
  await checks.getStore()?.()
}
