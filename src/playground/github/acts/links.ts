/** Sub-issues and "blocked by", between issues of one repository. */
import { type Actor, type Issue, Refusal, type Repository } from '../model.ts'
import { issueBody } from '../payloads/issues.ts'
import { repositoryBody } from '../payloads/repositories.ts'
import type { World } from '../world.ts'

/** GitHub's limit of sub-issues per parent. */
const MAX_SUB_ISSUES = 100
/** GitHub's limit of dependencies per issue and direction. */
const MAX_DEPENDENCIES = 50

/** The issue with this id (not number), as link requests name it. @throws {Refusal} 404 */
export function issueById(repository: Repository, id: number): Issue {
  const issue = [...repository.issues.values()].find((one) => one.id === id)
  if (!issue) throw new Refusal(404, 'Not Found')
  return issue
}

/**
 * Makes `sub` a child of `parent`.
 * @throws {Refusal} 422 for an issue under itself, a second parent without `replaceParent`, or too many children.
 */
export function addSubIssue(
  world: World,
  actor: Actor,
  repository: Repository,
  { parent, sub, replaceParent = false }: { parent: Issue; sub: Issue; replaceParent?: boolean },
): void {
  for (let above: Issue | undefined = parent; above; above = above.parent)
    if (above === sub) throw unprocessable('Sub issue cannot create a cycle')
  if (sub.parent && !replaceParent) throw unprocessable('Sub issue may only have one parent')
  if (parent.subIssues.length >= MAX_SUB_ISSUES) throw unprocessable('Parent cannot have more than 100 sub-issues')
  if (sub.parent) removeSubIssue(world, actor, repository, { parent: sub.parent, sub })
  parent.subIssues.push(sub)
  sub.parent = parent
  tellSubIssue(world, actor, repository, { parent, sub }, 'added')
}

/** @throws {Refusal} 404 when `sub` is not a child of `parent`. */
export function removeSubIssue(
  world: World,
  actor: Actor,
  repository: Repository,
  { parent, sub }: { parent: Issue; sub: Issue },
): void {
  if (sub.parent !== parent) throw new Refusal(404, 'Not Found')
  parent.subIssues = parent.subIssues.filter((one) => one !== sub)
  sub.parent = undefined
  tellSubIssue(world, actor, repository, { parent, sub }, 'removed')
}

function tellSubIssue(
  world: World,
  actor: Actor,
  repository: Repository,
  { parent, sub }: { parent: Issue; sub: Issue },
  change: 'added' | 'removed',
): void {
  parent.updatedAt = world.now()
  const both = {
    parent_issue_id: parent.id,
    parent_issue: issueBody(world, repository, parent),
    sub_issue_id: sub.id,
    sub_issue: issueBody(world, repository, sub),
  }
  const repo = repositoryBody(world, repository)
  const told = { event: 'sub_issues', actor, repository }
  world.tell({ ...told, action: `sub_issue_${change}`, payload: { ...both, sub_issue_repo: repo } })
  world.tell({ ...told, action: `parent_issue_${change}`, payload: { ...both, parent_issue_repo: repo } })
}

/** @throws {Refusal} 422 for an issue that blocks itself, a link there is already, or too many of them. */
export function addBlockedBy(
  world: World,
  actor: Actor,
  repository: Repository,
  { blocked, blocking }: { blocked: Issue; blocking: Issue },
): void {
  if (blocked === blocking) throw unprocessable('Issue cannot be blocked by itself')
  if (blocked.blockedBy.includes(blocking)) throw unprocessable('Target issue has already been taken')
  if (blocked.blockedBy.length >= MAX_DEPENDENCIES) throw unprocessable('Too many dependencies')
  blocked.blockedBy.push(blocking)
  tellBlocked(world, actor, repository, { blocked, blocking }, 'added')
}

/** @throws {Refusal} 404 when there is no such link. */
export function removeBlockedBy(
  world: World,
  actor: Actor,
  repository: Repository,
  { blocked, blocking }: { blocked: Issue; blocking: Issue },
): void {
  if (!blocked.blockedBy.includes(blocking)) throw new Refusal(404, 'Not Found')
  blocked.blockedBy = blocked.blockedBy.filter((one) => one !== blocking)
  tellBlocked(world, actor, repository, { blocked, blocking }, 'removed')
}

function tellBlocked(
  world: World,
  actor: Actor,
  repository: Repository,
  { blocked, blocking }: { blocked: Issue; blocking: Issue },
  change: 'added' | 'removed',
): void {
  blocked.updatedAt = world.now()
  const both = {
    blocked_issue_id: blocked.id,
    blocked_issue: issueBody(world, repository, blocked),
    blocking_issue_id: blocking.id,
    blocking_issue: issueBody(world, repository, blocking),
  }
  const repo = repositoryBody(world, repository)
  const told = { event: 'issue_dependencies', actor, repository }
  world.tell({ ...told, action: `blocked_by_${change}`, payload: { ...both, blocking_issue_repo: repo } })
  world.tell({ ...told, action: `blocking_${change}`, payload: { ...both, blocked_issue_repo: repo } })
}

function unprocessable(message: string): Refusal {
  return new Refusal(422, `Validation Failed: ${message}`)
}
