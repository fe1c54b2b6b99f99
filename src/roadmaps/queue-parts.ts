/** Taking the parts of a roadmap in: on the word of whoever asked for it, where they may write. And letting them go. */

import { defaultSettings } from '../config/settings.ts'
import type { Store, Tx } from '../db/connect.ts'
import { epicsOver, mayNest, notTaken } from '../db/epics.ts'
import { firstTime, forget, wasHandled } from '../db/idempotency-keys.ts'
import { runsOf } from '../db/runs.ts'
import { advance, type ItemRow, itemOfIssue, lockItem, type SystemRow, systemOfName } from '../db/work-items.ts'
import { standsForOthers } from '../domain/labels.ts'
import { finished } from '../domain/lifecycle.ts'
import { permits } from '../domain/permissions.ts'
import type { KnownIssue } from '../github/resolve-issues.ts'
import type { GitHub } from '../github/types.ts'
import * as say from '../messages/roadmap-parts.ts'
import { queueIssue } from '../work-items/enqueue-issue.ts'

/** Items queued in one transaction: it must not keep others waiting for long. */
const atOnce = 25

/** The key that says "it was given up together with its roadmap, so that it comes back with it". */
const letGoKey = (itemId: number) => `let-go:${itemId}`

/** Whether whoever asked for a roadmap may write to a repository: asked once for each reading of it. */
export type MayWrite = (system: SystemRow) => Promise<boolean>

/** @returns the question; it throws when GitHub cannot be asked, and then nothing may be done. */
export function mayWriteOf(github: GitHub, epic: ItemRow): MayWrite {
  const asker = { id: epic.requestedById, login: epic.requestedBy, type: 'User' as const }
  const answers = new Map<number, Promise<boolean>>()
  return (system) => {
    const known = answers.get(system.id)
    const answer =
      known ??
      github
        .repository(system)
        .permission(asker)
        .then((one) => permits(one, 'write'))
    answers.set(system.id, answer)
    return answer
  }
}

/**
 * Queues what is not queued yet.
 * @returns what a person should know of the rest.
 * @throws when GitHub cannot be asked who may do what; nothing of that repository is queued then.
 */
export async function takeIn(
  parts: { store: Store; mayWrite: MayWrite },
  epic: ItemRow,
  known: readonly KnownIssue[],
  here: string,
): Promise<string[]> {
  const sorted = await sort(parts.store, epic, known)
  const refused = new Map<string, KnownIssue[]>()
  for (const [system, some] of Map.groupBy(sorted.take, (one) => one.system as SystemRow)) {
    if (!(await parts.mayWrite(system))) {
      refused.set(system.fullName, some)
      continue
    }
    for (let at = 0; at < some.length; at += atOnce) await queue(parts.store, epic, system, some.slice(at, at + atOnce))
  }
  const told = (group: readonly KnownIssue[], words: (names: string) => string) =>
    group.length > 0 ? [words(say.namesIn(here, group))] : []
  return [
    ...told(sorted.noApp, say.noApp),
    ...[...refused].map(([name, some]) => say.mayNotWrite(epic.requestedBy, name, say.namesIn(here, some))),
    ...told(sorted.missing, say.missing),
    ...told(sorted.pulls, say.pulls),
    ...told(sorted.notTaken, say.notTaken),
    ...told(sorted.givenUp, say.givenUp),
    ...told(sorted.tooDeep, say.tooDeep),
  ]
}

interface Sorted {
  take: KnownIssue[]
  noApp: KnownIssue[]
  missing: KnownIssue[]
  pulls: KnownIssue[]
  notTaken: KnownIssue[]
  givenUp: KnownIssue[]
  tooDeep: KnownIssue[]
}

async function sort(store: Store, epic: ItemRow, known: readonly KnownIssue[]): Promise<Sorted> {
  const groups: Sorted = { take: [], noApp: [], missing: [], pulls: [], notTaken: [], givenUp: [], tooDeep: [] }
  const nests = await mayNest(store.db, epic)
  for (const part of known) groups[(await groupOf(store, epic, part, nests)) ?? 'take'].push(part)
  groups.take = groups.take.filter((part) => part.state === 'open' && isStartable(part))
  return groups
}

/** An item that is on its way needs nothing; one that was let go is queued again. */
function isStartable({ item }: KnownIssue): boolean {
  return item === undefined || item.state === 'cancelled'
}

async function groupOf(
  { db }: Store,
  epic: ItemRow,
  part: KnownIssue,
  nests: boolean,
): Promise<keyof Sorted | undefined> {
  const { item, issue, system } = part
  if (issue?.isPullRequest) return 'pulls'
  if (part.state === 'missing') return 'missing'
  if (part.state === 'closed' || (item && !finished.includes(item.state))) return undefined
  if (!system) return 'noApp'
  if (await wasHandled(db, notTaken(epic.id, { repository: part.repository, issueNumber: part.number }))) {
    return 'notTaken'
  }
  if (item && !(await wasHandled(db, letGoKey(item.id)))) return 'givenUp'
  const deep = issue !== undefined && standsForOthers(issue, system.settings ?? defaultSettings())
  return deep && !nests ? 'tooDeep' : undefined
}

async function queue(store: Store, epic: ItemRow, system: SystemRow, some: readonly KnownIssue[]): Promise<void> {
  await store.transaction(async (tx) => {
    const current = await lockItem(tx, epic.id)
    // Given up meanwhile: what is not queued yet must not come.
    if (!current || finished.includes(current.state)) return
    for (const { issue, item } of some) {
      if (!issue) continue
      const actor = { id: epic.requestedById, login: epic.requestedBy }
      await queueIssue(tx, {
        ...{ system, settings: system.settings ?? defaultSettings(), issue, actor, quiet: true },
        lastRunId: item && (await runsOf(tx.db, item.id)).at(-1)?.id,
      })
      if (item) await forget(tx, letGoKey(item.id))
    }
  })
}

/** A roadmap was given up: those of its parts that nobody began and nobody else wants are given up with it. */
export async function letGo(
  store: Store,
  epic: ItemRow,
  here: string,
  parts: readonly { repository: string; issueNumber: number }[],
): Promise<void> {
  const known = new Map<string, SystemRow | undefined>()
  for (const { repository, issueNumber } of parts) {
    if (!known.has(repository)) known.set(repository, await systemOfName(store.db, repository))
    const system = known.get(repository)
    const over = await epicsOver(store.db, repository, issueNumber)
    if (!system || over.some((other) => other.id !== epic.id && !finished.includes(other.state))) continue
    const name = say.nameIn(system.fullName, { repository: here, number: epic.issueNumber })
    await store.transaction((tx) => letGoOf(tx, epic, name, system, issueNumber))
  }
}

async function letGoOf(tx: Tx, epic: ItemRow, name: string, system: SystemRow, issueNumber: number): Promise<void> {
  const found = await itemOfIssue(tx.db, system.id, issueNumber)
  const item = found && (await lockItem(tx, found.id))
  if (!item || !['queued', 'ready'].includes(item.state)) return
  // A task that somebody asked for by itself has been told of on its issue.
  const byItself = item.kind === 'epic' ? asksForItself(item, system) : !item.quiet
  if (byItself || item.requestedById !== epic.requestedById) return
  await firstTime(tx, letGoKey(item.id))
  await advance(tx, item, 'cancelled', {
    actor: epic.requestedBy,
    why: `${name}, which it is a part of, was given up.`,
  })
}

function asksForItself(item: ItemRow, system: SystemRow): boolean {
  const { label, roadmap } = system.settings ?? defaultSettings()
  return item.labels.some((one) => [label, roadmap.label].some((our) => our.toLowerCase() === one.toLowerCase()))
}
