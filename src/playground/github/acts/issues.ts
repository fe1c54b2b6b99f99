/** What can be done to an issue, and to the issue half of a pull request. */
import { type ActingAccount, type IssueRecord, invalid, type RepositoryRecord } from '../model.ts'
import { userBody } from '../payloads/accounts.ts'
import { findAccount, type World } from '../world.ts'
import { emitIssue, noteChange } from './issue-history.ts'
import { emitLabel, labelNamed, setLabels } from './labels.ts'

/** GitHub's limit for every body, in characters. */
const MAX_BODY = 65_536
/** GitHub's limit for a title, in characters. */
const MAX_TITLE = 256

export interface NewIssue {
  title: string
  body?: string | null
  labels?: string[]
  assignees?: string[]
}

export interface IssueEdit {
  title?: string
  body?: string | null
  state?: 'open' | 'closed'
  state_reason?: IssueRecord['stateReason']
  labels?: string[]
  assignees?: string[]
}

/** Opens an issue. Sends `issues.opened`, then `issues.labeled` per label and `issues.assigned` per assignee. */
export function createIssue(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  wanted: NewIssue,
): IssueRecord {
  const issue = newIssue(world, actor, repository, wanted)
  issue.labels = [...new Set((wanted.labels ?? []).map((name) => labelNamed(world, actor, repository, name)))]
  issue.assignees = assigneesNamed(world, wanted.assignees ?? [])
  emitIssue({ world, actor, repository }, issue, 'opened')
  for (const label of issue.labels) emitLabel({ world, actor, repository }, issue, 'labeled', label)
  for (const assignee of issue.assignees)
    emitIssue({ world, actor, repository }, issue, 'assigned', { assignee: userBody(world, assignee) })
  return issue
}

/** Takes the next number and remembers the issue; sends nothing. */
export function newIssue(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  wanted: { title: string; body?: string | null },
): IssueRecord {
  checkTitle(wanted.title)
  checkBody('Issue', wanted.body)
  const now = world.now()
  repository.lastNumber += 1
  const issue: IssueRecord = {
    id: world.nextId(),
    number: repository.lastNumber,
    title: wanted.title,
    body: wanted.body ?? null,
    user: actor.account,
    app: actor.app,
    labels: [],
    assignees: [],
    state: 'open',
    stateReason: null,
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    closedBy: null,
    comments: [],
    reactions: [],
    subIssues: [],
    blockedBy: [],
    events: [],
  }
  repository.issues.set(issue.number, issue)
  return issue
}

/** Changes what `edit` names. One event per kind of change; nothing is sent for what was so already. */
export function editIssue(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: IssueRecord,
  edit: IssueEdit,
): void {
  if (edit.title !== undefined) checkTitle(edit.title)
  checkBody('Issue', edit.body)
  editText({ world, actor }, repository, issue, edit)
  if (edit.labels) setLabels({ world, actor }, repository, issue, edit.labels)
  if (edit.assignees) setAssignees({ world, actor }, repository, issue, edit.assignees)
  if (edit.state === 'closed') closeIssue({ world, actor }, repository, issue, edit.state_reason ?? 'completed')
  if (edit.state === 'open') reopenIssue(world, actor, repository, issue)
}

function editText(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: IssueRecord,
  edit: IssueEdit,
): void {
  const changes: Record<string, { from: string }> = {}
  if (edit.title !== undefined && edit.title !== issue.title) {
    changes.title = { from: issue.title }
    issue.title = edit.title
  }
  if (edit.body !== undefined && edit.body !== issue.body) {
    changes.body = { from: issue.body ?? '' }
    issue.body = edit.body
  }
  if (Object.keys(changes).length > 0) emitIssue({ world, actor, repository }, issue, 'edited', { changes })
}

export function closeIssue(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: IssueRecord,
  reason: IssueRecord['stateReason'] = 'completed',
): void {
  if (issue.state === 'closed') return
  issue.state = 'closed'
  issue.stateReason = issue.pull ? null : reason
  issue.closedAt = world.now()
  issue.closedBy = actor.account
  noteChange({ world, actor }, issue, 'closed')
  emitIssue({ world, actor, repository }, issue, 'closed')
}

/** @throws {ApiRefusal} 422 for a pull request that is merged or whose branch is gone. */
export function reopenIssue(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  issue: IssueRecord,
): void {
  if (issue.state === 'open') return
  if (issue.pull) {
    const head = repository.refs.get(`refs/heads/${issue.pull.headRef}`)
    if (issue.pull.mergedAt || !head) throw invalid('PullRequest', 'state', 'invalid', 'state cannot be changed.')
    issue.pull.headSha = head
  }
  issue.state = 'open'
  issue.stateReason = issue.pull ? null : 'reopened'
  issue.closedAt = null
  issue.closedBy = null
  noteChange({ world, actor }, issue, 'reopened')
  emitIssue({ world, actor, repository }, issue, 'reopened')
}

/** Leaves exactly these people assigned; GitHub passes over unknown logins. */
export function setAssignees(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: IssueRecord,
  logins: string[],
): void {
  const before = issue.assignees
  issue.assignees = assigneesNamed(world, logins)
  for (const account of before)
    if (!issue.assignees.includes(account))
      emitIssue({ world, actor, repository }, issue, 'unassigned', { assignee: userBody(world, account) })
  for (const account of issue.assignees)
    if (!before.includes(account))
      emitIssue({ world, actor, repository }, issue, 'assigned', { assignee: userBody(world, account) })
}

function assigneesNamed(world: World, logins: string[]): IssueRecord['assignees'] {
  return logins.map((login) => findAccount(world, login)).filter((account) => account !== undefined)
}

export function checkTitle(title: string): void {
  if (title.trim() === '') throw invalid('Issue', 'title', 'missing_field')
  if (title.length > MAX_TITLE)
    throw invalid('Issue', 'title', 'custom', `title is too long (maximum is ${MAX_TITLE} characters)`)
}

/** @throws {ApiRefusal} 422 when the body is longer than GitHub takes. */
export function checkBody(resource: string, body: string | null | undefined): void {
  if (body && body.length > MAX_BODY)
    throw invalid(resource, 'body', 'custom', `body is too long (maximum is ${MAX_BODY} characters)`)
}
