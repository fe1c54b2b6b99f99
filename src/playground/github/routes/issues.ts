/** Issues, their labels and assignees. */
import { z } from 'zod'
import { createIssue, editIssue, setAssignees } from '../acts/issues.ts'
import { addLabels, createLabel, removeLabel, setLabels } from '../acts/labels.ts'
import { paged } from '../api/pages.ts'
import {
  created,
  type Need,
  noContent,
  numberParam,
  ok,
  parseBody,
  type RepositoryCall,
  type Route,
  repositoryRoute,
  textParam,
} from '../api/route.ts'
import { ApiRefusal, type IssueRecord } from '../model.ts'
import { userBody } from '../payloads/accounts.ts'
import { issueBody, issueEventBody } from '../payloads/issues.ts'
import { labelBody } from '../payloads/repositories.ts'
import { findAccount, issueOf, roleOf } from '../world.ts'

const READ: Need[] = ['issues:read', 'pull_requests:read']
const WRITE: Need[] = ['issues:write', 'pull_requests:write']

/** A label is named by itself or by an object with its name. */
const LabelName = z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)])
const NewIssue = z.object({
  title: z.union([z.string(), z.number().transform(String)]),
  body: z.string().nullish(),
  labels: z.array(LabelName).optional(),
  assignees: z.array(z.string()).optional(),
})
const IssueEdit = NewIssue.partial().extend({
  state: z.enum(['open', 'closed']).optional(),
  state_reason: z.enum(['completed', 'not_planned', 'reopened', 'duplicate']).nullish(),
})
const LabelNames = z.union([
  z.object({ labels: z.array(LabelName).default([]) }).transform(({ labels }) => labels),
  z.array(LabelName),
])
const Assignees = z.object({ assignees: z.array(z.string()).default([]) })
const NewLabel = z.object({
  name: z.string().min(1),
  color: z.string().optional(),
  description: z.string().max(100).nullish(),
})

export const issueRoutes: Route[] = [
  repositoryRoute('GET', '/issues', READ, listIssues),
  repositoryRoute('POST', '/issues', 'issues:write', (call) => {
    const wanted = parseBody(call, NewIssue)
    return created(issueBody(call.world, call.repository, createIssue(call.world, call.actor, call.repository, wanted)))
  }),
  repositoryRoute('GET', '/issues/{issue_number}', READ, (call) => ok(body(call, issueFor(call)))),
  repositoryRoute('PATCH', '/issues/{issue_number}', WRITE, (call) => {
    const issue = issueFor(call)
    const edit = parseBody(call, IssueEdit)
    const stateReason = edit.state_reason ?? undefined
    editIssue({ world: call.world, actor: call.actor }, call.repository, issue, { ...edit, state_reason: stateReason })
    return ok(body(call, issue))
  }),
  repositoryRoute('POST', '/issues/{issue_number}/assignees', WRITE, (call) => {
    const issue = issueFor(call)
    const logins = [...issue.assignees.map(({ login }) => login), ...parseBody(call, Assignees).assignees]
    setAssignees({ world: call.world, actor: call.actor }, call.repository, issue, [...new Set(logins)])
    return created(body(call, issue))
  }),
  repositoryRoute('DELETE', '/issues/{issue_number}/assignees', WRITE, (call) => {
    const issue = issueFor(call)
    const gone = parseBody(call, Assignees).assignees
    const left = issue.assignees.map(({ login }) => login).filter((login) => !gone.includes(login))
    setAssignees({ world: call.world, actor: call.actor }, call.repository, issue, left)
    return ok(body(call, issue))
  }),
  repositoryRoute('GET', '/assignees', 'issues:read', (call) =>
    paged(call, assignable(call), (account) => userBody(call.world, account)),
  ),
  repositoryRoute('GET', '/assignees/{assignee}', 'issues:read', (call) => {
    const wanted = textParam(call, 'assignee').toLowerCase()
    if (!assignable(call).some(({ login }) => login.toLowerCase() === wanted)) throw new ApiRefusal(404, 'Not Found')
    return noContent
  }),
  repositoryRoute('GET', '/issues/{issue_number}/labels', READ, (call) => labels(call, issueFor(call))),
  repositoryRoute('POST', '/issues/{issue_number}/labels', WRITE, (call) => {
    const issue = issueFor(call)
    addLabels({ world: call.world, actor: call.actor }, call.repository, issue, parseBody(call, LabelNames))
    return allLabels(call, issue)
  }),
  repositoryRoute('PUT', '/issues/{issue_number}/labels', WRITE, (call) => {
    const issue = issueFor(call)
    setLabels({ world: call.world, actor: call.actor }, call.repository, issue, parseBody(call, LabelNames))
    return allLabels(call, issue)
  }),
  repositoryRoute('DELETE', '/issues/{issue_number}/labels', WRITE, (call) => {
    setLabels({ world: call.world, actor: call.actor }, call.repository, issueFor(call), [])
    return noContent
  }),
  repositoryRoute('DELETE', '/issues/{issue_number}/labels/{name}', WRITE, (call) => {
    const issue = issueFor(call)
    removeLabel({ world: call.world, actor: call.actor }, call.repository, issue, textParam(call, 'name'))
    return allLabels(call, issue)
  }),
  repositoryRoute('GET', '/issues/{issue_number}/events', READ, (call) =>
    paged(call, issueFor(call).events, (event) => issueEventBody(call.world, call.repository, event)),
  ),
  repositoryRoute('GET', '/labels', READ, (call) =>
    paged(call, call.repository.labels, (label) => labelBody(call.world, call.repository, label)),
  ),
  repositoryRoute('GET', '/labels/{name}', READ, (call) => {
    const wanted = textParam(call, 'name').toLowerCase()
    const label = call.repository.labels.find(({ name }) => name.toLowerCase() === wanted)
    if (!label) throw new ApiRefusal(404, 'Not Found')
    return ok(labelBody(call.world, call.repository, label))
  }),
  repositoryRoute('POST', '/labels', WRITE, (call) => {
    const label = createLabel(call.world, call.actor, call.repository, parseBody(call, NewLabel))
    return created(labelBody(call.world, call.repository, label))
  }),
]

/** The issue the address names. */
export function issueFor(call: RepositoryCall): IssueRecord {
  return issueOf(call.repository, numberParam(call, 'issue_number'))
}

function body(call: RepositoryCall, issue: IssueRecord) {
  return issueBody(call.world, call.repository, issue)
}

function labels(call: RepositoryCall, issue: IssueRecord) {
  return paged(call, issue.labels, (label) => labelBody(call.world, call.repository, label))
}

function allLabels(call: RepositoryCall, issue: IssueRecord) {
  return ok(issue.labels.map((label) => labelBody(call.world, call.repository, label)))
}

function assignable({ world, repository }: RepositoryCall) {
  const role = (login: string): string => roleOf(repository, findAccount(world, login) ?? repository.owner)
  return [...world.accounts.values()]
    .filter((account) => account.type === 'User')
    .filter(({ login }) => ['admin', 'maintain', 'write', 'triage'].includes(role(login)))
}

/** GitHub lists pull requests among the issues. */
function listIssues(call: RepositoryCall) {
  const { query, repository } = call
  const state = query.get('state') ?? 'open'
  const wanted = (query.get('labels') ?? '').split(',').filter(Boolean)
  const since = query.get('since')
  const has = (issue: IssueRecord, name: string): boolean =>
    issue.labels.some((label) => label.name.toLowerCase() === name.toLowerCase())
  const issues = [...repository.issues.values()]
    .filter((issue) => state === 'all' || issue.state === state)
    .filter((issue) => wanted.every((name) => has(issue, name)))
    .filter((issue) => !since || issue.updatedAt >= new Date(since))
    .filter((issue) => fits(query.get('creator'), issue.user.login))
    .filter((issue) => fitsAssignee(query.get('assignee'), issue))
  return paged(call, sorted(issues, query), (issue) => body(call, issue))
}

function fits(wanted: string | null, login: string): boolean {
  return wanted === null || wanted.toLowerCase() === login.toLowerCase()
}

function fitsAssignee(wanted: string | null, issue: IssueRecord): boolean {
  if (wanted === null) return true
  if (wanted === 'none') return issue.assignees.length === 0
  if (wanted === '*') return issue.assignees.length > 0
  return issue.assignees.some(({ login }) => fits(wanted, login))
}

/** `sort` and `direction`; newest first without them. */
export function sorted<T extends Pick<IssueRecord, 'createdAt' | 'updatedAt' | 'comments' | 'number'>>(
  issues: T[],
  query: URLSearchParams,
): T[] {
  const sort = query.get('sort') ?? 'created'
  const value = (issue: T): number => {
    if (sort === 'updated') return issue.updatedAt.getTime()
    if (sort === 'comments') return issue.comments.length
    return issue.createdAt.getTime()
  }
  const turn = query.get('direction') === 'asc' ? 1 : -1
  return issues.toSorted((one, other) => turn * (value(one) - value(other) || one.number - other.number))
}
