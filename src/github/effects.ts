/**
 * Carrying out one effect: one function per kind. Each looks for its own marker before it creates anything when it may
 * have been here before (a crash, or a timeout after GitHub had applied the write).
 */

import { createHash } from 'node:crypto'
import type { EffectKind, EffectOf } from '../domain/effects.ts'
import type { IssueAddress } from '../domain/github.ts'
import { lifecycle } from '../domain/lifecycle.ts'
import type { Octokit } from './client.ts'
import { type CommitFiles, createCommit } from './create-commit.ts'
import { httpStatusOf } from './repository.ts'

/** What a carrier knows about its effect besides the payload. */
export interface EffectContext {
  octokit: Octokit
  at: { owner: string; repo: string }
  key: string
  /** Whether an earlier attempt may have reached GitHub. */
  mayExist: boolean
  /** What the last publication of this fact returned. */
  before: Record<string, unknown>
  /** The login of the app's bot user: only its own comments are edited. */
  botLogin: string
  /** Renders the status comment of the effect's item now. */
  statusComment(): Promise<string>
  /** Files of a local commit, for one that is made through GitHub. */
  commitFiles: CommitFiles
  /** Takes secrets out and fits the text into GitHub's limits. */
  clean(text: string): string
  missing(feature: string): void
}

type Result = Record<string, unknown>
type Carriers = {
  [Kind in EffectKind]: (payload: EffectOf<Kind>['payload'], carriage: EffectContext) => Promise<Result>
}

/** A hidden line that lets us find again what we wrote. */
export function marker(key: string): string {
  return `<!-- tutti:${key} -->`
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

export const effectHandlers: Carriers = {
  'status-comment': async ({ issueNumber }, carriage) => {
    const body = carriage.clean(`${await carriage.statusComment()}\n\n${marker(carriage.key)}`)
    return putComment(issueNumber, body, carriage)
  },

  comment: ({ issueNumber, body }, carriage) =>
    putComment(issueNumber, carriage.clean(`${body}\n\n${marker(carriage.key)}`), carriage),

  reaction: async ({ commentId, content }, { octokit, at, missing }) => {
    try {
      await octokit.rest.reactions.createForIssueComment({ ...at, comment_id: commentId, content })
    } catch (error) {
      // The comment may be deleted, or the server may not have reactions: the answer itself is what counts.
      if (![404, 501].includes(httpStatusOf(error))) throw error
      missing('reactions')
    }
    return {}
  },

  'state-label': async ({ issueNumber, label }, { octokit, at, before, mayExist }) => {
    const issue = { ...at, issue_number: issueNumber }
    const known = typeof before.label === 'string' ? [before.label] : []
    // A label whose answer was lost is on the issue without our knowing.
    const old = mayExist ? await stateLabels(octokit, issue) : known
    if (label !== null && !(mayExist && old.includes(label)))
      await octokit.rest.issues.addLabels({ ...issue, labels: [label] })
    for (const name of old.filter((one) => one !== label)) {
      await octokit.rest.issues.removeLabel({ ...issue, name }).catch((error) => {
        if (httpStatusOf(error) !== 404) throw error
      })
    }
    return { label }
  },

  commit: createCommit,

  'pull-request': async ({ branch, base, title, body, sha }, carriage) => {
    const { octokit, at, before, clean } = carriage
    const text = { title: clean(title), body: clean(`${body}\n\n${marker(carriage.key)}`) }
    const fingerprint = digest(text.title + text.body)
    const known = typeof before.number === 'number' ? before.number : undefined
    const found = known ?? (carriage.mayExist ? await findPull(carriage, branch, base) : undefined)
    if (found !== undefined) {
      const updated = await updatePull(carriage, found, text)
      if (updated) return { number: found, url: updated, sha, fingerprint }
    }
    try {
      const { data } = await octokit.rest.pulls.create({ ...at, head: branch, base, ...text })
      return { number: data.number, url: data.html_url, sha, fingerprint }
    } catch (error) {
      // 422 also means "exists already": opened by us before a crash, or by a person from this branch.
      const existing = httpStatusOf(error) === 422 ? await findPull(carriage, branch, base) : undefined
      if (existing === undefined) throw error
      const { data } = await octokit.rest.pulls.update({ ...at, pull_number: existing, ...text })
      return { number: existing, url: data.html_url, sha, fingerprint }
    }
  },

  'check-run': async ({ sha, name, conclusion, title, summary, text }, carriage) => {
    const { octokit, at, before, clean } = carriage
    const output = { title: clean(title), summary: clean(summary), text: clean(text) }
    const run = { name, status: 'completed' as const, conclusion, output, external_id: carriage.key }
    try {
      // The same commit judged once more, with other words.
      const known = typeof before.id === 'number' ? before.id : undefined
      const existing = known ?? (carriage.mayExist ? await findCheckRun(carriage, sha, name) : undefined)
      if (existing !== undefined) {
        await octokit.rest.checks.update({ ...at, check_run_id: existing, ...run })
        return { id: existing }
      }
      const { data } = await octokit.rest.checks.create({ ...at, head_sha: sha, ...run })
      return { id: data.id }
    } catch (error) {
      if (![404, 501].includes(httpStatusOf(error))) throw error
      carriage.missing('check runs')
      return {}
    }
  },

  merge: async ({ pullNumber, sha, method, title, message }, { octokit, at, mayExist, clean }) => {
    const pull = { ...at, pull_number: pullNumber }
    if (mayExist) {
      const { data } = await octokit.rest.pulls.get(pull)
      if (data.merged) return { mergedSha: data.merge_commit_sha }
    }
    // `sha` makes GitHub refuse (409) when the head is no longer the one that was reviewed.
    const { data } = await octokit.rest.pulls.merge({
      ...pull,
      sha,
      merge_method: method,
      ...(method === 'rebase' ? {} : { commit_title: clean(title), commit_message: clean(message) }),
    })
    return { mergedSha: data.sha }
  },

  'create-issue': async ({ title, body, labels }, carriage) => {
    const { octokit, at, before, mayExist, clean } = carriage
    if (typeof before.number === 'number') return before
    const found = mayExist ? await findIssue(carriage) : undefined
    if (found !== undefined) return found
    const text = { title: clean(title).slice(0, maxTitle), body: clean(`${body}\n\n${marker(carriage.key)}`) }
    const { data } = await octokit.rest.issues.create({ ...at, ...text, labels })
    return issueResult(data)
  },

  'sub-issue': async ({ parent, child, wanted }, carriage) => {
    const { octokit, at } = carriage
    try {
      const sub_issue_id = child.id ?? (await idOf(octokit, child))
      const link = { ...at, issue_number: parent, sub_issue_id }
      if (wanted === false) await octokit.rest.issues.removeSubIssue(link)
      else await octokit.rest.issues.addSubIssue(link)
    } catch (error) {
      // 422: it is one already, or has another parent, which is for people to settle.
      if (![404, 410, 422, 501].includes(httpStatusOf(error))) throw error
      if (httpStatusOf(error) !== 422) carriage.missing('sub-issues')
    }
    return {}
  },

  'blocked-by': async ({ issueNumber, blocker, wanted }, carriage) => {
    const { octokit, at } = carriage
    const route = '/repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by' as const
    try {
      const issue_id = await idOf(octokit, blocker)
      if (wanted) await octokit.request(`POST ${route}`, { ...at, issue_number: issueNumber, issue_id })
      else await octokit.request(`DELETE ${route}/{issue_id}`, { ...at, issue_number: issueNumber, issue_id })
    } catch (error) {
      // 422: it is so already, or GitHub's own rules forbid it; our edge holds in any case.
      if (![404, 410, 422, 501].includes(httpStatusOf(error))) throw error
      if (httpStatusOf(error) !== 422) carriage.missing('issue dependencies')
    }
    return {}
  },

  'scoped-label': async ({ issueNumber, family, label }, { octokit, at }) => {
    const issue = { ...at, issue_number: issueNumber }
    const { data } = await octokit.rest.issues.listLabelsOnIssue({ ...issue, per_page: 100 })
    const old = data.map(({ name }) => name).filter((name) => name.toLowerCase().startsWith(family))
    if (label !== null && !old.includes(label)) await octokit.rest.issues.addLabels({ ...issue, labels: [label] })
    for (const name of old.filter((one) => one !== label)) {
      await octokit.rest.issues.removeLabel({ ...issue, name }).catch((error) => {
        if (httpStatusOf(error) !== 404) throw error
      })
    }
    return { label }
  },

  'close-issue': async ({ issueNumber, reason }, { octokit, at }) => {
    await octokit.rest.issues.update({ ...at, issue_number: issueNumber, state: 'closed', state_reason: reason })
    return {}
  },
}

/** GitHub refuses longer ones. */
const maxTitle = 256

/** The database id of an issue, which links between issues are made with. */
async function idOf(octokit: Octokit, { repository, number }: IssueAddress): Promise<number> {
  const [owner = '', repo = ''] = repository.split('/')
  const { data } = await octokit.rest.issues.get({ owner, repo, issue_number: number })
  return data.id
}

/** What is kept of an issue that was made: its text as GitHub has it, which later texts are compared with. */
function issueResult(issue: { number: number; id: number; html_url: string; title: string; body?: string | null }) {
  const { number, id, html_url: url, title, body } = issue
  return { number, id, url, title, body: body ?? '' }
}

/** The issue that was made before an answer was lost, among those that the app has opened. */
async function findIssue({ octokit, at, key, botLogin }: EffectContext): Promise<Result | undefined> {
  const parameters = { ...at, creator: botLogin, state: 'all' as const, per_page: 100 }
  for await (const page of octokit.paginate.iterator(octokit.rest.issues.listForRepo, parameters)) {
    const mine = page.data.find((issue) => issue.body?.includes(marker(key)))
    if (mine) return issueResult(mine)
  }
  return undefined
}

/** The labels of an issue that say where its work stands. */
async function stateLabels(octokit: Octokit, issue: { owner: string; repo: string; issue_number: number }) {
  const { data } = await octokit.rest.issues.listLabelsOnIssue({ ...issue, per_page: 100 })
  const ours = new Set(Object.keys(lifecycle).map((state) => `tutti:${state}`))
  return data.map(({ name }) => name).filter((name) => ours.has(name))
}

async function putComment(issueNumber: number, body: string, carriage: EffectContext): Promise<Result> {
  const { octokit, at, before } = carriage
  const fingerprint = digest(body)
  if (before.fingerprint === fingerprint && before.commentId !== undefined) return before
  const known = typeof before.commentId === 'number' ? before.commentId : undefined
  const id = known ?? (carriage.mayExist ? await findComment(carriage, issueNumber) : undefined)
  if (id !== undefined) {
    try {
      await octokit.rest.issues.updateComment({ ...at, comment_id: id, body })
      return { commentId: id, fingerprint }
    } catch (error) {
      // Somebody deleted it: the status is said again in a new one.
      if (httpStatusOf(error) !== 404) throw error
    }
  }
  const { data } = await octokit.rest.issues.createComment({ ...at, issue_number: issueNumber, body })
  return { commentId: data.id, fingerprint }
}

async function findComment(
  { octokit, at, key, botLogin }: EffectContext,
  issueNumber: number,
): Promise<number | undefined> {
  const parameters = { ...at, issue_number: issueNumber, per_page: 100 }
  for await (const page of octokit.paginate.iterator(octokit.rest.issues.listComments, parameters)) {
    const mine = page.data.find((comment) => comment.user?.login === botLogin && comment.body?.includes(marker(key)))
    if (mine) return mine.id
  }
  return undefined
}

/**
 * Brings an earlier pull request up to date, and opens it again when somebody closed it: asked for again, the work
 * goes on where it was talked about. @returns its address; undefined when it cannot be opened (merged, or its branch
 * was made anew).
 */
async function updatePull(
  { octokit, at }: EffectContext,
  number: number,
  text: { title: string; body: string },
): Promise<string | undefined> {
  try {
    const { data } = await octokit.rest.pulls.update({ ...at, pull_number: number, ...text, state: 'open' })
    return data.html_url
  } catch (error) {
    if (httpStatusOf(error) !== 422) throw error
    return undefined
  }
}

async function findPull({ octokit, at }: EffectContext, branch: string, base: string): Promise<number | undefined> {
  const { data } = await octokit.rest.pulls.list({ ...at, head: `${at.owner}:${branch}`, base, state: 'open' })
  return data[0]?.number
}

async function findCheckRun(
  { octokit, at, key }: EffectContext,
  ref: string,
  name: string,
): Promise<number | undefined> {
  const { data } = await octokit.rest.checks.listForRef({ ...at, ref, check_name: name, per_page: 100 })
  return data.check_runs.find((run) => run.external_id === key)?.id
}
