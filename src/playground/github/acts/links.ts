/** Sub-issues and "blocked by", also between issues of two repositories. */
import { type ActingAccount, ApiRefusal, type IssueRecord, type RepositoryRecord } from '../model.ts'
import { issueBody } from '../payloads/issues.ts'
import { repositoryBody } from '../payloads/repositories.ts'
import { repositoryHolding, type World } from '../world.ts'
import { noteEvent } from './issue-history.ts'

/** GitHub's limit of sub-issues per parent. */
const MAX_SUB_ISSUES = 100
/** GitHub's limit of dependencies per issue and direction. */
const MAX_DEPENDENCIES = 50

/** The issue with this id (not number), as link requests name it. @throws {ApiRefusal} 404 */
export function issueById(world: World, id: number): IssueRecord {
  for (const { issues } of world.repositories.values()) {
    const issue = [...issues.values()].find((one) => one.id === id)
    if (issue) return issue
  }
  throw new ApiRefusal(404, 'Not Found')
}

/**
 * Makes `sub` a child of `parent`.
 * @throws {ApiRefusal} 422 for an issue under itself, a second parent without `replaceParent`, or too many children.
 */
export function addSubIssue(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  { parent, sub, replaceParent = false }: { parent: IssueRecord; sub: IssueRecord; replaceParent?: boolean },
): void {
  for (let above: IssueRecord | undefined = parent; above; above = above.parent)
    if (above === sub) throw unprocessable('Sub issue cannot create a cycle')
  if (sub.parent && !replaceParent) throw unprocessable('Sub issue may only have one parent')
  if (parent.subIssues.length >= MAX_SUB_ISSUES) throw unprocessable('Parent cannot have more than 100 sub-issues')
  if (sub.parent) removeSubIssue(world, actor, repositoryHolding(world, sub.parent), { parent: sub.parent, sub })
  parent.subIssues.push(sub)
  sub.parent = parent
  emitSubIssue({ world, actor }, repository, { parent, sub }, 'added')
}

/** @throws {ApiRefusal} 404 when `sub` is not a child of `parent`. */
export function removeSubIssue(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  { parent, sub }: { parent: IssueRecord; sub: IssueRecord },
): void {
  if (sub.parent !== parent) throw new ApiRefusal(404, 'Not Found')
  parent.subIssues = parent.subIssues.filter((one) => one !== sub)
  sub.parent = undefined
  emitSubIssue({ world, actor }, repository, { parent, sub }, 'removed')
}

function emitSubIssue(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  { parent, sub }: { parent: IssueRecord; sub: IssueRecord },
  change: 'added' | 'removed',
): void {
  parent.updatedAt = world.now()
  noteEvent(world, actor, parent, { event: `sub_issue_${change}`, other: sub })
  noteEvent(world, actor, sub, { event: `parent_issue_${change}`, other: parent })
  const home = repositoryHolding(world, sub)
  const both = {
    parent_issue_id: parent.id,
    parent_issue: issueBody(world, repository, parent),
    sub_issue_id: sub.id,
    sub_issue: issueBody(world, home, sub),
  }
  const [parentRepo, subRepo] = [repositoryBody(world, repository), repositoryBody(world, home)]
  const common = { event: 'sub_issues', actor }
  const down = { ...both, sub_issue_repo: subRepo }
  world.emit({ ...common, repository, action: `sub_issue_${change}`, payload: down })
  const up = { ...both, parent_issue_repo: parentRepo }
  world.emit({ ...common, repository: home, action: `parent_issue_${change}`, payload: up })
}

/** @throws {ApiRefusal} 422 for an issue that blocks itself, a link there is already, or too many of them. */
export function addBlockedBy(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  { blocked, blocking }: { blocked: IssueRecord; blocking: IssueRecord },
): void {
  if (blocked === blocking) throw unprocessable('Issue cannot be blocked by itself')
  if (blocked.blockedBy.includes(blocking)) throw unprocessable('Target issue has already been taken')
  if (blocked.blockedBy.length >= MAX_DEPENDENCIES) throw unprocessable('Too many dependencies')
  blocked.blockedBy.push(blocking)
  emitBlocked({ world, actor }, repository, { blocked, blocking }, 'added')
}

/** @throws {ApiRefusal} 404 when there is no such link. */
export function removeBlockedBy(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  { blocked, blocking }: { blocked: IssueRecord; blocking: IssueRecord },
): void {
  if (!blocked.blockedBy.includes(blocking)) throw new ApiRefusal(404, 'Not Found')
  blocked.blockedBy = blocked.blockedBy.filter((one) => one !== blocking)
  emitBlocked({ world, actor }, repository, { blocked, blocking }, 'removed')
}

function emitBlocked(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  { blocked, blocking }: { blocked: IssueRecord; blocking: IssueRecord },
  change: 'added' | 'removed',
): void {
  blocked.updatedAt = world.now()
  const home = repositoryHolding(world, blocking)
  const both = {
    blocked_issue_id: blocked.id,
    blocked_issue: issueBody(world, repository, blocked),
    blocking_issue_id: blocking.id,
    blocking_issue: issueBody(world, home, blocking),
  }
  const [blockedRepo, blockingRepo] = [repositoryBody(world, repository), repositoryBody(world, home)]
  const common = { event: 'issue_dependencies', actor }
  const back = { ...both, blocking_issue_repo: blockingRepo }
  world.emit({ ...common, repository, action: `blocked_by_${change}`, payload: back })
  const forth = { ...both, blocked_issue_repo: blockedRepo }
  world.emit({ ...common, repository: home, action: `blocking_${change}`, payload: forth })
}

function unprocessable(message: string): ApiRefusal {
  return new ApiRefusal(422, `Validation Failed: ${message}`)
}
