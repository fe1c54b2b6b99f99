/** Sub-issues and issue dependencies. */
import { z } from 'zod'
import { addBlockedBy, addSubIssue, issueById, removeBlockedBy, removeSubIssue } from '../acts/links.ts'
import { paged } from '../api/pages.ts'
import { created, numberParam, ok, parseBody, type RepositoryCall, type Route, repositoryRoute } from '../api/route.ts'
import { ApiRefusal, type IssueRecord } from '../model.ts'
import { issueBody } from '../payloads/issues.ts'
import { blockedByIt, repositoryHolding } from '../world.ts'
import { issueFor } from './issues.ts'

const SubIssue = z.object({ sub_issue_id: z.number(), replace_parent: z.boolean().optional() })
const Blocking = z.object({ issue_id: z.number() })

export const linkRoutes: Route[] = [
  repositoryRoute('GET', '/issues/{issue_number}/sub_issues', 'issues:read', (call) =>
    list(call, issueFor(call).subIssues),
  ),
  repositoryRoute('POST', '/issues/{issue_number}/sub_issues', 'issues:write', (call) => {
    const parent = issueFor(call)
    const wanted = parseBody(call, SubIssue)
    const sub = issueById(call.world, wanted.sub_issue_id)
    addSubIssue(call.world, call.actor, call.repository, { parent, sub, replaceParent: wanted.replace_parent })
    return created(body(call, parent))
  }),
  repositoryRoute('DELETE', '/issues/{issue_number}/sub_issue', 'issues:write', (call) => {
    const parent = issueFor(call)
    const sub = issueById(call.world, parseBody(call, SubIssue).sub_issue_id)
    removeSubIssue(call.world, call.actor, call.repository, { parent, sub })
    return ok(body(call, parent))
  }),
  repositoryRoute('GET', '/issues/{issue_number}/parent', 'issues:read', (call) => {
    const { parent } = issueFor(call)
    if (!parent) throw new ApiRefusal(404, 'Not Found')
    return ok(body(call, parent))
  }),
  repositoryRoute('GET', '/issues/{issue_number}/dependencies/blocked_by', 'issues:read', (call) =>
    list(call, issueFor(call).blockedBy),
  ),
  repositoryRoute('POST', '/issues/{issue_number}/dependencies/blocked_by', 'issues:write', (call) => {
    const blocked = issueFor(call)
    const blocking = issueById(call.world, parseBody(call, Blocking).issue_id)
    addBlockedBy(call.world, call.actor, call.repository, { blocked, blocking })
    return created(body(call, blocking))
  }),
  repositoryRoute('DELETE', '/issues/{issue_number}/dependencies/blocked_by/{issue_id}', 'issues:write', (call) => {
    const blocked = issueFor(call)
    const blocking = issueById(call.world, numberParam(call, 'issue_id'))
    removeBlockedBy(call.world, call.actor, call.repository, { blocked, blocking })
    return ok(body(call, blocking))
  }),
  repositoryRoute('GET', '/issues/{issue_number}/dependencies/blocking', 'issues:read', (call) => {
    return list(call, blockedByIt(call.world, issueFor(call)))
  }),
]

function body(call: RepositoryCall, issue: IssueRecord) {
  return issueBody(call.world, repositoryHolding(call.world, issue), issue)
}

function list(call: RepositoryCall, issues: IssueRecord[]) {
  return paged(call, issues, (issue) => body(call, issue))
}
