/** What can be done to an issue, and to the issue half of a pull request. */
import {
  type Actor,
  type Issue,
  type IssueEvent,
  invalid,
  isPull,
  type Label,
  Refusal,
  type Repository,
} from '../model.ts'
import { userBody } from '../payloads/accounts.ts'
import { issueBody } from '../payloads/issues.ts'
import { pullBody } from '../payloads/pulls.ts'
import { labelBody } from '../payloads/repositories.ts'
import { findAccount, type World } from '../world.ts'

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
  state_reason?: Issue['stateReason']
  labels?: string[]
  assignees?: string[]
}

/** Opens an issue. Tells `issues.opened`, then `issues.labeled` per label and `issues.assigned` per assignee. */
export function createIssue(world: World, actor: Actor, repository: Repository, wanted: NewIssue): Issue {
  const issue = newIssue(world, actor, repository, wanted)
  issue.labels = [...new Set((wanted.labels ?? []).map((name) => labelNamed(world, actor, repository, name)))]
  issue.assignees = assigneesNamed(world, wanted.assignees ?? [])
  tellIssue(world, actor, repository, issue, 'opened')
  for (const label of issue.labels) tellLabel(world, actor, repository, issue, 'labeled', label)
  for (const assignee of issue.assignees)
    tellIssue(world, actor, repository, issue, 'assigned', { assignee: userBody(world, assignee) })
  return issue
}

/** Takes the next number and remembers the issue; tells nothing. */
export function newIssue(
  world: World,
  actor: Actor,
  repository: Repository,
  wanted: { title: string; body?: string | null },
): Issue {
  checkTitle(wanted.title)
  checkBody('Issue', wanted.body)
  const now = world.now()
  repository.lastNumber += 1
  const issue: Issue = {
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

/** Changes what `edit` names. One event per kind of change; nothing is told for what was so already. */
export function editIssue(world: World, actor: Actor, repository: Repository, issue: Issue, edit: IssueEdit): void {
  if (edit.title !== undefined) checkTitle(edit.title)
  checkBody('Issue', edit.body)
  editText(world, actor, repository, issue, edit)
  if (edit.labels) setLabels(world, actor, repository, issue, edit.labels)
  if (edit.assignees) setAssignees(world, actor, repository, issue, edit.assignees)
  if (edit.state === 'closed') closeIssue(world, actor, repository, issue, edit.state_reason ?? 'completed')
  if (edit.state === 'open') reopenIssue(world, actor, repository, issue)
}

function editText(world: World, actor: Actor, repository: Repository, issue: Issue, edit: IssueEdit): void {
  const changes: Record<string, { from: string }> = {}
  if (edit.title !== undefined && edit.title !== issue.title) {
    changes.title = { from: issue.title }
    issue.title = edit.title
  }
  if (edit.body !== undefined && edit.body !== issue.body) {
    changes.body = { from: issue.body ?? '' }
    issue.body = edit.body
  }
  if (Object.keys(changes).length > 0) tellIssue(world, actor, repository, issue, 'edited', { changes })
}

export function closeIssue(
  world: World,
  actor: Actor,
  repository: Repository,
  issue: Issue,
  reason: Issue['stateReason'] = 'completed',
): void {
  if (issue.state === 'closed') return
  issue.state = 'closed'
  issue.stateReason = issue.pull ? null : reason
  issue.closedAt = world.now()
  issue.closedBy = actor.account
  note(world, actor, issue, 'closed')
  tellIssue(world, actor, repository, issue, 'closed')
}

/** @throws {Refusal} 422 for a pull request that is merged or whose branch is gone. */
export function reopenIssue(world: World, actor: Actor, repository: Repository, issue: Issue): void {
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
  note(world, actor, issue, 'reopened')
  tellIssue(world, actor, repository, issue, 'reopened')
}

/** Adds labels, making those the repository does not have. */
export function addLabels(world: World, actor: Actor, repository: Repository, issue: Issue, names: string[]): void {
  for (const name of names) {
    const label = labelNamed(world, actor, repository, name)
    if (issue.labels.includes(label)) continue
    issue.labels.push(label)
    tellLabel(world, actor, repository, issue, 'labeled', label)
  }
}

/** @throws {Refusal} 404 when the issue does not have the label. */
export function removeLabel(world: World, actor: Actor, repository: Repository, issue: Issue, name: string): void {
  const label = issue.labels.find((one) => sameName(one.name, name))
  if (!label) throw new Refusal(404, 'Label does not exist')
  issue.labels = issue.labels.filter((one) => one !== label)
  tellLabel(world, actor, repository, issue, 'unlabeled', label)
}

/** Leaves exactly these labels on the issue. */
export function setLabels(world: World, actor: Actor, repository: Repository, issue: Issue, names: string[]): void {
  for (const label of issue.labels)
    if (!names.some((name) => sameName(name, label.name))) removeLabel(world, actor, repository, issue, label.name)
  addLabels(world, actor, repository, issue, names)
}

/** The repository's label, made now if there is none. */
export function labelNamed(world: World, actor: Actor, repository: Repository, name: string): Label {
  const found = repository.labels.find((label) => sameName(label.name, name))
  return found ?? createLabel(world, actor, repository, { name })
}

/** @throws {Refusal} 422 when the name is taken. */
export function createLabel(
  world: World,
  actor: Actor,
  repository: Repository,
  wanted: { name: string; color?: string; description?: string | null },
): Label {
  if (repository.labels.some((label) => sameName(label.name, wanted.name)))
    throw invalid('Label', 'name', 'already_exists')
  const label: Label = {
    id: world.nextId(),
    name: wanted.name,
    color: wanted.color?.replace(/^#/, '') ?? 'ededed',
    description: wanted.description ?? null,
  }
  repository.labels.push(label)
  const payload = { label: labelBody(world, repository, label) }
  world.tell({ event: 'label', action: 'created', actor, repository, payload })
  return label
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** Leaves exactly these people assigned; GitHub passes over logins that nobody has. */
export function setAssignees(world: World, actor: Actor, repository: Repository, issue: Issue, logins: string[]): void {
  const before = issue.assignees
  issue.assignees = assigneesNamed(world, logins)
  for (const account of before)
    if (!issue.assignees.includes(account))
      tellIssue(world, actor, repository, issue, 'unassigned', { assignee: userBody(world, account) })
  for (const account of issue.assignees)
    if (!before.includes(account))
      tellIssue(world, actor, repository, issue, 'assigned', { assignee: userBody(world, account) })
}

function assigneesNamed(world: World, logins: string[]): Issue['assignees'] {
  return logins.map((login) => findAccount(world, login)).filter((account) => account !== undefined)
}

function tellLabel(
  world: World,
  actor: Actor,
  repository: Repository,
  issue: Issue,
  action: 'labeled' | 'unlabeled',
  label: Label,
): void {
  note(world, actor, issue, action, label)
  tellIssue(world, actor, repository, issue, action, { label: labelBody(world, repository, label) })
}

function note(world: World, actor: Actor, issue: Issue, event: IssueEvent['event'], label?: Label): void {
  noteEvent(world, actor, issue, { event, label: label ? { name: label.name, color: label.color } : null })
}

/** Writes a line of the issue's history, which tells who did what long after the webhook. */
export function noteEvent(
  world: World,
  actor: Actor,
  issue: Issue,
  what: Pick<IssueEvent, 'event' | 'other'> & Partial<Pick<IssueEvent, 'label'>>,
): void {
  const by = { user: actor.account, app: actor.app }
  issue.events.push({ id: world.nextId(), label: null, ...what, ...by, createdAt: world.now() })
}

/** Tells an `issues` event, or the `pull_request` event of the same name. Also the only place that moves `updated_at`. */
export function tellIssue(
  world: World,
  actor: Actor,
  repository: Repository,
  issue: Issue,
  action: string,
  more: Record<string, unknown> = {},
): void {
  issue.updatedAt = world.now()
  const payload = isPull(issue)
    ? { number: issue.number, pull_request: pullBody(world, repository, issue), ...more }
    : { issue: issueBody(world, repository, issue), ...more }
  world.tell({ event: issue.pull ? 'pull_request' : 'issues', action, actor, repository, payload })
}

export function checkTitle(title: string): void {
  if (title.trim() === '') throw invalid('Issue', 'title', 'missing_field')
  if (title.length > MAX_TITLE)
    throw invalid('Issue', 'title', 'custom', `title is too long (maximum is ${MAX_TITLE} characters)`)
}

/** @throws {Refusal} 422 when the body is longer than GitHub takes. */
export function checkBody(resource: string, body: string | null | undefined): void {
  if (body && body.length > MAX_BODY)
    throw invalid(resource, 'body', 'custom', `body is too long (maximum is ${MAX_BODY} characters)`)
}
