/** An issue is wanted: by a label that somebody with write access put on. */

import { record } from '../db/audit-log.ts'
import type { Tx } from '../db/connect.ts'
import { firstTime } from '../db/idempotency-keys.ts'
import { want } from '../db/outbox.ts'
import { ensureSystem, settingsOf } from '../db/repositories.ts'
import { runsOf } from '../db/runs.ts'
import { type ItemRow, itemOfIssue, noteBlocker, type SystemRow } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import { hasLabel } from '../domain/labels.ts'
import { isPerson } from '../domain/permissions.ts'
import { mayWrite } from '../github/permissions.ts'
import * as say from '../messages/webhooks.ts'
import { notFromWriter } from '../messages/wording.ts'
import { queueIssue } from './enqueue-issue.ts'
import { hearOf, type IssueSeen, labelSeen } from './issue-snapshot.ts'
import type { Services } from './services.ts'

/** Whether a label can start work: there is none yet, or it has ended or stands aside for a person. */
export function mayStart(item: ItemRow | undefined): boolean {
  return item === undefined || ['held', 'skipped', 'cancelled', 'done'].includes(item.state)
}

/**
 * Queues the issue on the word of whoever put the label on, when they may write here at this moment. Otherwise it is
 * said once on the issue what can be done.
 */
export async function queueIt(parts: Services, seen: IssueSeen): Promise<EventOutcome> {
  const { repository, issue, sender } = seen
  const settings = settingsOf(seen.system)
  const label = hasLabel(issue.labels, settings.label) ? settings.label : settings.roadmap.label
  if (repository.installationId === 0 && !seen.system) return ignored('the delivery names no installation of the app')
  const where = seen.system ?? repository
  const allowed = !issue.isPullRequest && (await mayWrite(parts, where, sender))
  return parts.store.transaction(async (tx) => {
    const system = await ensureSystem(tx, seen.system, repository)
    await hearOf(tx, seen)
    await firstTime(tx, labelSeen(system.id, issue.number))
    if (!allowed) return refuse(tx, system, seen, label)
    const known = await itemOfIssue(tx.db, system.id, issue.number)
    const runs = known ? await runsOf(tx.db, known.id) : []
    const queued = await queueIssue(tx, {
      system,
      settings: settingsOf(system),
      issue,
      actor: sender,
      lastRunId: runs.at(-1)?.id,
    })
    if (queued.happened === 'nothing') return ignored('the issue is under way already')
    if (seen.how === 'reopened') await noteBlocker(tx, repository.fullName, issue.number, 'open')
    return done(queued.happened)
  })
}

async function refuse(tx: Tx, system: SystemRow, seen: IssueSeen, label: string): Promise<EventOutcome> {
  const { issue, sender } = seen
  const body = issue.isPullRequest
    ? say.labelOnPull(label)
    : isPerson(sender)
      ? notFromWriter(sender.login, label)
      : say.labelByBot(sender.login, label)
  if (!(await sayOnce(tx, system, issue.number, body))) return ignored('the label does not count; it was said before')
  await record(tx, {
    systemId: system.id,
    actor: sender.login,
    what: 'refused label',
    detail: { issue: issue.number, actorId: sender.id, label },
  })
  return ignored('the label does not count; it is said once')
}

/** The key that says "it was explained on this issue why somebody's word does not count". */
export const refusalKey = (systemId: number, issueNumber: number) => `refused:${systemId}#${issueNumber}`

/** Wants one comment about refused words on an issue. @returns false when one was wanted before. */
export async function sayOnce(
  tx: Tx,
  system: SystemRow,
  issueNumber: number,
  body: string,
  key = refusalKey(system.id, issueNumber),
): Promise<boolean> {
  if (!(await firstTime(tx, key))) return false
  await want(tx, { systemId: system.id, key }, { kind: 'comment', payload: { issueNumber, body } })
  return true
}
