/** What gates are given in tests. */

import { defaultSettings, type Settings } from '../../src/config/settings.ts'
import type { GateChange, GateContext } from '../../src/gates/gate.ts'
import { sha } from '../../src/lib/ids.ts'

export const base = sha('1'.repeat(40))
export const head = sha('2'.repeat(40))

/** A change to one file; ordinary unless it says otherwise. */
export function change(path: string, more: Partial<GateChange> = {}): GateChange {
  return { path, status: 'M', mode: '100644', oldMode: '100644', additions: 3, deletions: 1, binary: false, ...more }
}

/** An ordinary context, with parts replaced. `gates` are merged into the default settings. */
export function contextFor(more: Partial<GateContext> & { gates?: Partial<Settings['gates']> } = {}): GateContext {
  const { gates, ...rest } = more
  const settings = defaultSettings()
  return {
    item: { issueNumber: 12, protectedAllowedSha: null },
    settings: { ...settings, gates: { ...settings.gates, ...gates } },
    base,
    head,
    changes: [change('src/clock.ts')],
    checkout: () => Promise.reject(new Error('there is no checkout here')),
    env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' },
    signal: new AbortController().signal,
    log: { warn: () => {} },
    ...rest,
  }
}
