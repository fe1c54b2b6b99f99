/** What the app may do on GitHub, and what it hears of: from `app.yml`, with the reason for each. */

import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import { code, table } from './table.ts'

const manifest = z.object({
  default_events: z.array(z.string()),
  default_permissions: z.record(z.string(), z.enum(['read', 'write'])),
})

const permissionReasons: Readonly<Record<string, string>> = {
  actions: 'Reads the logs of failing jobs, for the agent that mends them; has failed jobs run again',
  checks: 'Publishes the result of the gates as one Check Run, and reads the checks that a merge waits for',
  contents: 'Fetches branches, pushes module branches, merges pull requests, reads the settings file',
  issues:
    'Reads issues, comments, labels, sub-issues and dependencies; writes the status comment, labels and reactions',
  merge_queues: "Hears of the groups of GitHub's own merge queue; GitHub demands it for the event",
  metadata: 'Asks which access a person has to the repository; GitHub demands it of every app',
  pull_requests: 'Opens and updates pull requests, reads reviews',
  statuses: 'Reads the commit statuses that a merge waits for',
}

const eventReasons: Readonly<Record<string, string>> = {
  check_run: 'A check has ended: a merge that waits for it is tried again',
  check_suite: 'All checks of an app have ended: the same',
  delete: 'A branch is gone',
  issue_comment: 'Slash commands, answers to questions, edits of a plan, what is said on a pull request',
  issue_dependencies: 'GitHub\'s own "blocked by" has changed',
  issues: 'Labels queue and cancel work; closed issues free what waits for them; edits void an approved plan',
  label: 'The label that queues issues was renamed: its issues stay queued',
  merge_group: "GitHub's own merge queue asks for the checks of a group",
  pull_request: 'A pull request of ours was merged, closed, reopened, or its head has moved',
  pull_request_review: 'Approvals and requested changes',
  pull_request_review_comment: 'Comments on lines: what the agent of the next round reads',
  push: 'The base branch or a module branch has moved; the settings file has changed',
  repository: 'Renamed, archived, transferred, deleted, made private',
  status: 'A commit status has changed: a merge that waits for it is tried again',
  sub_issues: "GitHub's own sub-issues of a roadmap have changed",
}

function read(): z.infer<typeof manifest> {
  return manifest.parse(parse(readFileSync('app.yml', 'utf8')))
}

/** @throws {Error} when `app.yml` asks for something that has no reason here. */
export function appPermissions(): string {
  const rows = Object.entries(read().default_permissions).map(([name, access]) => [
    code(name),
    access,
    reason(permissionReasons, name),
  ])
  return table(['permission', 'access', 'what for'], rows)
}

/** @throws {Error} when `app.yml` asks for something that has no reason here. */
export function appEvents(): string {
  const rows = read().default_events.map((name) => [code(name), reason(eventReasons, name)])
  return table(['event', 'what it reports'], rows)
}

function reason(reasons: Readonly<Record<string, string>>, name: string): string {
  const text = reasons[name]
  if (text === undefined) throw new Error(`scripts/docs/app-manifest.ts does not say what ${name} is for`)
  return `${text}.`
}
