/** What an issue's history and its webhooks say of a change. */
import {
  type ActingAccount,
  type IssueEventRecord,
  type IssueRecord,
  isPull,
  type Label,
  type RepositoryRecord,
} from '../model.ts'
import { issueBody } from '../payloads/issues.ts'
import { pullBody } from '../payloads/pulls.ts'
import type { World } from '../world.ts'

/** Writes a line of the history that names no other issue. */
export function noteChange(
  { world, actor }: { world: World; actor: ActingAccount },
  issue: IssueRecord,
  event: IssueEventRecord['event'],
  label?: Label,
): void {
  noteEvent(world, actor, issue, { event, label: label ? { name: label.name, color: label.color } : null })
}

/** Writes a line of the issue's history, which says who did what long after the webhook. */
export function noteEvent(
  world: World,
  actor: ActingAccount,
  issue: IssueRecord,
  what: Pick<IssueEventRecord, 'event' | 'other'> & Partial<Pick<IssueEventRecord, 'label'>>,
): void {
  const by = { user: actor.account, app: actor.app }
  issue.events.push({ id: world.nextId(), label: null, ...what, ...by, createdAt: world.now() })
}

/** Sends an `issues` event, or the `pull_request` event of the same name. Also the only place that moves `updated_at`. */
export function emitIssue(
  { world, actor, repository }: { world: World; actor: ActingAccount; repository: RepositoryRecord },
  issue: IssueRecord,
  action: string,
  more: Record<string, unknown> = {},
): void {
  issue.updatedAt = world.now()
  const payload = isPull(issue)
    ? { number: issue.number, pull_request: pullBody(world, repository, issue), ...more }
    : { issue: issueBody(world, repository, issue), ...more }
  world.emit({ event: issue.pull ? 'pull_request' : 'issues', action, actor, repository, payload })
}
