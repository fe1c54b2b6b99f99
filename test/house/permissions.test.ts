/** `app.yml` asks GitHub for what the calls of the code need, and for no more. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

/**
 * What each call needs: docs.github.com, "Permissions required for GitHub Apps". `app`: it is made as the app itself, or
 * needs no permission.
 */
const needs: Readonly<Record<string, string>> = {
  'actions.reRunWorkflowFailedJobs': 'actions: write',
  'GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs': 'actions: read',
  'apps.createFromManifest': 'app',
  'apps.createInstallationAccessToken': 'app',
  'apps.getAuthenticated': 'app',
  'apps.getWebhookConfigForApp': 'app',
  'apps.listInstallations': 'app',
  'apps.listReposAccessibleToInstallation': 'app',
  'GET /app/hook/deliveries': 'app',
  'POST /app/hook/deliveries/{delivery_id}/attempts': 'app',
  'users.getByUsername': 'app',
  'checks.create': 'checks: write',
  'checks.update': 'checks: write',
  'checks.rerequestSuite': 'checks: write',
  'checks.listAnnotations': 'checks: read',
  'checks.listForRef': 'checks: read',
  'checks.listSuitesForRef': 'checks: read',
  'git.createBlob': 'contents: write',
  'git.createCommit': 'contents: write',
  'git.createRef': 'contents: write',
  'git.createTree': 'contents: write',
  'git.getCommit': 'contents: read',
  'git.getRef': 'contents: read',
  'git.updateRef': 'contents: write',
  'repos.getBranch': 'contents: read',
  'repos.getContent': 'contents: read',
  'pulls.merge': 'contents: write',
  'issues.addLabels': 'issues: write',
  'issues.addSubIssue': 'issues: write',
  'issues.create': 'issues: write',
  'issues.createComment': 'issues: write',
  'issues.get': 'issues: read',
  'issues.listComments': 'issues: read',
  'issues.listCommentsForRepo': 'issues: read',
  'issues.listEvents': 'issues: read',
  'issues.listForRepo': 'issues: read',
  'issues.listLabelsOnIssue': 'issues: read',
  'issues.listSubIssues': 'issues: read',
  'issues.removeLabel': 'issues: write',
  'issues.removeSubIssue': 'issues: write',
  'issues.update': 'issues: write',
  'issues.updateComment': 'issues: write',
  'reactions.createForIssueComment': 'issues: write',
  'reactions.createForPullRequestReviewComment': 'pull_requests: write',
  'GET /repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by': 'issues: read',
  'repos.get': 'metadata: read',
  'repos.getBranchRules': 'metadata: read',
  'repos.getRepoRuleset': 'metadata: read',
  'repos.getCollaboratorPermissionLevel': 'metadata: read',
  'GET /repos/{owner}/{repo}/rules/branches/{branch}': 'metadata: read',
  'pulls.create': 'pull_requests: write',
  'pulls.createReplyForReviewComment': 'pull_requests: write',
  'pulls.createReview': 'pull_requests: write',
  'pulls.get': 'pull_requests: read',
  'pulls.list': 'pull_requests: read',
  'pulls.listCommentsForReview': 'pull_requests: read',
  'pulls.listReviewComments': 'pull_requests: read',
  'pulls.listReviews': 'pull_requests: read',
  'pulls.requestReviewers': 'pull_requests: write',
  'pulls.update': 'pull_requests: write',
  // With the token of the person who signs in to the dashboard.
  'users.getAuthenticated': 'app',
  'repos.getCombinedStatusForRef': 'statuses: read',
}

/** Events for which GitHub demands a permission that no call needs. */
const forEvents: Readonly<Record<string, string>> = { merge_group: 'merge_queues: read' }

const folder = 'src/github'
const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n')
const calls = new Set([
  ...[...source.matchAll(/const \{ ([\w, ]+) \} = octokit\.rest\.(\w+)/g)].flatMap(([, names = '', group]) =>
    names.split(', ').map((name) => `${group}.${name}`),
  ),
  ...[...source.matchAll(/\brest\.(\w+\.\w+)/g)].map(([, name = '']) => name),
  ...[...source.matchAll(/['`]((?:GET|POST|PUT|PATCH|DELETE) \/[^'`$]+)['`]/g)].map(([, route = '']) => route),
])

test('what every call needs is known, and no call is listed that is not made', () => {
  expect([...calls].toSorted()).toEqual(Object.keys(needs).toSorted())
})

test('the app asks for what its calls and events need, and for no more', () => {
  const wanted = parse(readFileSync('app.yml', 'utf8')) as {
    default_events: string[]
    default_permissions: Record<string, string>
  }
  const needed: Record<string, string> = {}
  const all = [...Object.values(needs), ...wanted.default_events.flatMap((event) => forEvents[event] ?? [])]
  for (const need of all) {
    if (need === 'app') continue
    const [name = '', access = ''] = need.split(': ')
    if (needed[name] !== 'write') needed[name] = access
  }
  expect(wanted.default_permissions).toEqual(needed)
})
