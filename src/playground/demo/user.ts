/**
 * A person of the demo, as they would work with a program of their own: over HTTP, with their personal token, through
 * @octokit/rest. They see and do what GitHub's API lets anybody with that token see and do.
 */

import { setTimeout as wait } from 'node:timers/promises'
import { Octokit } from '@octokit/rest'
import { PlaygroundError } from '../errors.ts'

/** A pull request at the commit that is read. */
export interface ReviewablePull {
  number: number
  headSha: string
}

/** What the maintainer of the demo does. Every method rejects with Octokit's error where GitHub refuses. */
export interface DemoUser {
  /** Gives the number of the new issue. */
  createIssue(title: string, body: string): Promise<number>
  addLabel(issueNumber: number, label: string): Promise<void>
  comment(issueNumber: number, body: string): Promise<void>
  review(
    pull: ReviewablePull,
    event: 'APPROVE' | 'REQUEST_CHANGES',
    body: string,
    comments?: { path: string; line: number; body: string }[],
  ): Promise<void>
  /** Waits for an answer by someone else in a thread of the pull request. @returns its first line. */
  answered(pullNumber: number): Promise<string>
  /** Waits for a message of the agent to people, on the status comment. @returns who writes what. */
  messageOf(issueNumber: number): Promise<string>
  /**
   * Waits for the pull request of an issue: the status comment asks for its review, and its head has a check run.
   * @param not the head that was reviewed before.
   */
  reviewable(issueNumber: number, not?: string): Promise<ReviewablePull>
  /** Reports a commit status, as CI outside of GitHub does with the token of whoever has set it up. */
  reportStatus(
    pull: ReviewablePull,
    state: 'success' | 'failure',
    status: { context: string; description: string },
  ): Promise<void>
  closed(issueNumber: number): Promise<void>
  /** Commits one file to the default branch, as someone does who works beside Tutti. */
  commit(path: string, content: string, message: string): Promise<void>
}

/** How often a page is read again. GitHub allows a person 5,000 calls an hour; the demo makes a few hundred. */
const pollMs = 400
/** A demo that takes longer than this has gone wrong. */
const patienceMs = 120_000

/** Signs in. @param repository `owner/name`. */
export function signIn(access: { apiUrl: string; token: string; repository: string }): DemoUser {
  const octokit = new Octokit({ auth: access.token, baseUrl: access.apiUrl, userAgent: 'tutti-demo' })
  const [owner = '', repo = ''] = access.repository.split('/')
  const at = { owner, repo }

  /** The pull request whose review the status comment of an issue asks for. */
  const asked = async (issueNumber: number): Promise<number | undefined> => {
    const comments = await octokit.paginate(octokit.rest.issues.listComments, { ...at, issue_number: issueNumber })
    const found = comments.map(({ body }) => /Review pull request #(\d+)/.exec(body ?? '')?.[1])
    return found.filter((number) => number !== undefined).map(Number)[0]
  }
  const isChecked = async (ref: string): Promise<boolean> => {
    const { data } = await octokit.rest.checks.listForRef({ ...at, ref, check_name: 'Tutti' })
    return data.total_count > 0
  }

  return {
    createIssue: async (title, body) => (await octokit.rest.issues.create({ ...at, title, body })).data.number,
    async addLabel(issueNumber, label) {
      await octokit.rest.issues.addLabels({ ...at, issue_number: issueNumber, labels: [label] })
    },
    async comment(issueNumber, body) {
      await octokit.rest.issues.createComment({ ...at, issue_number: issueNumber, body })
    },
    async review({ number, headSha }, event, body, comments = []) {
      await octokit.rest.pulls.createReview({ ...at, pull_number: number, commit_id: headSha, event, body, comments })
    },
    answered: (number) =>
      until(`an answer in a thread of #${number}`, async () => {
        const { data } = await octokit.rest.pulls.listReviewComments({ ...at, pull_number: number })
        return data.find(({ in_reply_to_id }) => in_reply_to_id !== undefined)?.body.split('\n', 1)[0]
      }),
    messageOf: (issueNumber) =>
      until(`a message of an agent on #${issueNumber}`, async () => {
        const { data: comments } = await octokit.rest.issues.listComments({ ...at, issue_number: issueNumber })
        const said = comments.map(({ body }) => /\*\*(.+?)\*\* → people: (.+?)(?: <sub>|$)/m.exec(body ?? ''))
        const [, name, text] = said.find((one) => one !== null) ?? []
        return name && text ? `${name} writes: "${text}"` : undefined
      }),
    reviewable: (issueNumber, not) =>
      until(`a checked pull request for #${issueNumber}`, async () => {
        const number = await asked(issueNumber)
        if (number === undefined) return undefined
        const { data } = await octokit.rest.pulls.get({ ...at, pull_number: number })
        const headSha = data.head.sha
        return headSha !== not && (await isChecked(headSha)) ? { number, headSha } : undefined
      }),
    async reportStatus({ headSha }, state, status) {
      await octokit.rest.repos.createCommitStatus({ ...at, sha: headSha, state, ...status })
    },
    async commit(path, content, message) {
      const { default_branch: branch } = (await octokit.rest.repos.get(at)).data
      await until(`a commit to ${branch}`, async () => {
        const { data: head } = await octokit.rest.git.getRef({ ...at, ref: `heads/${branch}` })
        const parent = head.object.sha
        const { data: before } = await octokit.rest.git.getCommit({ ...at, commit_sha: parent })
        const entry = { path, content, mode: '100644' as const, type: 'blob' as const }
        const { data: tree } = await octokit.rest.git.createTree({ ...at, base_tree: before.tree.sha, tree: [entry] })
        const commit = { ...at, message, tree: tree.sha, parents: [parent] }
        const { data: made } = await octokit.rest.git.createCommit(commit)
        // Someone else's merge may have come first: then once more, on top of that.
        return octokit.rest.git.updateRef({ ...at, ref: `heads/${branch}`, sha: made.sha }).catch((error: unknown) => {
          if (error instanceof Error && /not a fast forward/i.test(error.message)) return undefined
          throw error
        })
      })
    },
    async closed(issueNumber) {
      await until(`#${issueNumber} is merged and closed`, async () => {
        const { data } = await octokit.rest.issues.get({ ...at, issue_number: issueNumber })
        return data.state === 'closed' || undefined
      })
    },
  }
}

/** Reads again and again until there is an answer. @throws {PlaygroundError} after two minutes, naming `what`. */
async function until<T>(what: string, read: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + patienceMs
  for (;;) {
    const found = await read()
    if (found !== undefined) return found
    if (performance.now() > end) throw new PlaygroundError(`the maintainer waited ${patienceMs / 1_000} s for ${what}`)
    await wait(pollMs)
  }
}
