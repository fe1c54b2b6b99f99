/** What people do on the fake GitHub. Each act changes it and returns the webhook that GitHub would send. */

import type { Actor, Issue, PullRequest, Review } from '../../src/domain/github.ts'
import type { Sha } from '../../src/lib/ids.ts'
import { commit, type FakeGitHub, type FakeRepository, type Hook } from './fake-github.ts'

let nextId = 500_000
const id = () => nextId++

const user = (actor: Actor) => ({ id: actor.id, login: actor.login, type: actor.type })

export class People {
  readonly #github: FakeGitHub
  readonly #repository: FakeRepository

  constructor(github: FakeGitHub, repository: FakeRepository) {
    this.#github = github
    this.#repository = repository
  }

  /** The payload of an event, with the envelope every payload has. */
  hook(event: string, action: string | undefined, sender: Actor, more: Record<string, unknown>): Hook {
    const { facts } = this.#repository
    const repository = {
      id: facts.githubId,
      full_name: facts.fullName,
      private: facts.private,
      clone_url: facts.cloneUrl,
      default_branch: facts.defaultBranch,
    }
    const installation = { id: facts.installationId }
    return {
      event,
      payload: { ...(action ? { action } : {}), repository, installation, sender: user(sender), ...more },
    }
  }

  issueBody(issue: Issue & { updatedAt: Date }): Record<string, unknown> {
    return {
      number: issue.number,
      title: issue.title,
      body: issue.body,
      html_url: issue.url,
      state: issue.state,
      labels: issue.labels.map((name) => ({ id: this.#repository.labelIds.get(name), name })),
      user: user(issue.author),
      updated_at: issue.updatedAt.toISOString(),
      ...(issue.isPullRequest ? { pull_request: {} } : {}),
      issue_dependencies_summary: {
        total_blocked_by: this.#repository.blockedBy.get(issue.number)?.length ?? 0,
      },
    }
  }

  createIssue(author: Actor, more: Partial<Issue> = {}): Issue & { updatedAt: Date } {
    const number = this.#repository.issues.size + 1
    const issue = {
      number,
      title: `Task ${number}`,
      body: 'Please do it.',
      url: `http://127.0.0.1/${this.#repository.facts.fullName}/issues/${number}`,
      state: 'open' as const,
      labels: [],
      author,
      isPullRequest: false,
      updatedAt: this.#github.tick(),
      ...more,
    }
    this.#repository.issues.set(number, issue)
    this.#repository.events.set(number, [])
    return issue
  }

  #issue(number: number): Issue & { updatedAt: Date } {
    const issue = this.#repository.issues.get(number)
    if (!issue) throw new Error(`no issue ${number}`)
    return issue
  }

  #changed(number: number, action: 'labeled' | 'unlabeled' | 'closed' | 'reopened', by: Actor, label?: string): Hook {
    const issue = this.#issue(number)
    issue.updatedAt = this.#github.tick()
    const event = { event: action, label: label ?? null, actor: by, at: issue.updatedAt }
    this.#repository.events.get(number)?.push(event)
    const more = label === undefined ? {} : { label: { name: label } }
    return this.hook('issues', action, by, { issue: this.issueBody(issue), ...more })
  }

  label(number: number, label: string, by: Actor): Hook {
    const issue = this.#issue(number)
    issue.labels = [...issue.labels.filter((one) => one !== label), label]
    if (!this.#repository.labelIds.has(label)) this.#repository.labelIds.set(label, id())
    return this.#changed(number, 'labeled', by, label)
  }

  /** Renames a label of the repository: every issue has it under the new name, and no issue says so. */
  renameLabel(from: string, to: string, by: Actor): Hook {
    const { labelIds, issues } = this.#repository
    const label = labelIds.get(from) ?? id()
    labelIds.delete(from)
    labelIds.set(to, label)
    for (const issue of issues.values()) issue.labels = issue.labels.map((one) => (one === from ? to : one))
    return this.hook('label', 'edited', by, { label: { id: label, name: to }, changes: { name: { from } } })
  }

  unlabel(number: number, label: string, by: Actor): Hook {
    const issue = this.#issue(number)
    issue.labels = issue.labels.filter((one) => one !== label)
    return this.#changed(number, 'unlabeled', by, label)
  }

  close(number: number, by: Actor): Hook {
    this.#issue(number).state = 'closed'
    return this.#changed(number, 'closed', by)
  }

  reopen(number: number, by: Actor): Hook {
    this.#issue(number).state = 'open'
    return this.#changed(number, 'reopened', by)
  }

  edit(number: number, body: string, by: Actor): Hook {
    const issue = this.#issue(number)
    issue.body = body
    issue.updatedAt = this.#github.tick()
    return this.hook('issues', 'edited', by, { issue: this.issueBody(issue), changes: { body: { from: '' } } })
  }

  remove(number: number, by: Actor): Hook {
    const issue = this.#issue(number)
    this.#repository.issues.delete(number)
    issue.updatedAt = this.#github.tick()
    return this.hook('issues', 'deleted', by, { issue: this.issueBody(issue) })
  }

  comment(number: number, body: string, by: Actor, action = 'created'): Hook {
    const issue = this.#issue(number)
    issue.updatedAt = this.#github.tick()
    const comment = { id: id(), body, user: user(by), created_at: issue.updatedAt.toISOString() }
    const at = { createdAt: issue.updatedAt, updatedAt: issue.updatedAt }
    this.#repository.comments.push({ id: comment.id, issueNumber: number, body, author: by, ...at })
    return this.hook('issue_comment', action, by, { issue: this.issueBody(issue), comment })
  }

  pullBody(pull: PullRequest & { updatedAt: Date }): Record<string, unknown> {
    return {
      number: pull.number,
      html_url: pull.url,
      title: pull.title,
      body: pull.body,
      state: pull.state,
      merged: pull.merged,
      merge_commit_sha: pull.mergeCommitSha,
      head: { ref: pull.headBranch, sha: pull.headSha, repo: { full_name: pull.headRepository } },
      base: { ref: pull.baseBranch },
      draft: pull.draft,
      user: user(pull.author),
      updated_at: pull.updatedAt.toISOString(),
    }
  }

  /** Opens a pull request as the app does. */
  openPull(branch: string, headSha: Sha, author: Actor = this.#github.self): PullRequest & { updatedAt: Date } {
    const seen = this.createIssue(author, { isPullRequest: true })
    const pull = {
      number: seen.number,
      url: seen.url,
      title: seen.title,
      body: '',
      state: 'open' as const,
      merged: false,
      mergeCommitSha: null,
      headSha,
      headBranch: branch,
      headRepository: this.#repository.facts.fullName,
      baseBranch: 'main',
      mergeable: true,
      mergeState: 'clean',
      draft: false,
      labels: [],
      mergeMethods: null,
      author,
      updatedAt: this.#github.tick(),
    }
    this.#repository.pulls.set(pull.number, pull)
    return pull
  }

  changePull(number: number, action: string, by: Actor, change: Partial<PullRequest>, more: object = {}): Hook {
    const pull = this.#repository.pulls.get(number)
    if (!pull) throw new Error(`no pull request ${number}`)
    Object.assign(pull, change, { updatedAt: this.#github.tick() })
    return this.hook('pull_request', action, by, { pull_request: this.pullBody(pull), ...more })
  }

  closePull(number: number, by: Actor): Hook {
    return this.changePull(number, 'closed', by, { state: 'closed' })
  }

  reopenPull(number: number, by: Actor): Hook {
    return this.changePull(number, 'reopened', by, { state: 'open' })
  }

  mergePull(number: number, by: Actor): Hook {
    return this.changePull(number, 'closed', by, { state: 'closed', merged: true, mergeCommitSha: commit() })
  }

  pushTo(number: number, by: Actor, headSha: Sha = commit()): Hook {
    return this.changePull(number, 'synchronize', by, { headSha })
  }

  retarget(number: number, baseBranch: string, by: Actor): Hook {
    return this.changePull(number, 'edited', by, { baseBranch }, { changes: { base: { ref: { from: 'main' } } } })
  }

  review(number: number, state: Review['state'], by: Actor, more: Partial<Review> = {}): Hook & { reviewId: number } {
    const pull = this.#repository.pulls.get(number)
    if (!pull) throw new Error(`no pull request ${number}`)
    const at = this.#github.tick()
    const review: Review = { id: id(), author: by, state, sha: pull.headSha, body: `It is ${state}.`, at, ...more }
    this.#repository.reviews.set(number, [...(this.#repository.reviews.get(number) ?? []), review])
    pull.updatedAt = at
    return { ...this.#reviewHook(number, review, 'submitted', by), reviewId: review.id }
  }

  /** Comments on a line, in a review or in answer to another comment. */
  lineComment(
    number: number,
    body: string,
    by: Actor,
    more: { reviewId?: number; inReplyTo?: number; line?: number } = {},
  ): Hook & { commentId: number } {
    const pull = this.#repository.pulls.get(number)
    if (!pull) throw new Error(`no pull request ${number}`)
    const { reviewId = null, inReplyTo, line = 3 } = more
    const commentId = id()
    const at = { path: 'src/one.ts', line, hunk: '@@ -1 +1,3 @@\n+one' }
    const comment = {
      id: commentId,
      threadId: inReplyTo ?? commentId,
      reviewId,
      ...at,
      sha: pull.headSha,
      body,
      author: by,
    }
    this.#repository.lineComments.set(number, [...(this.#repository.lineComments.get(number) ?? []), comment])
    const hook = this.hook('pull_request_review_comment', 'created', by, {
      pull_request: this.pullBody(pull),
      comment: {
        ...{ id: commentId, body, user: user(by), path: at.path, line, diff_hunk: at.hunk, commit_id: pull.headSha },
        ...{ created_at: this.#github.tick().toISOString(), pull_request_review_id: reviewId },
        ...(inReplyTo === undefined ? {} : { in_reply_to_id: inReplyTo }),
      },
    })
    return { ...hook, commentId }
  }

  dismiss(number: number, reviewId: number, by: Actor): Hook {
    const review = this.#repository.reviews.get(number)?.find((one) => one.id === reviewId)
    if (!review) throw new Error(`no review ${reviewId}`)
    review.state = 'dismissed'
    this.#github.tick()
    return this.#reviewHook(number, review, 'dismissed', by)
  }

  #reviewHook(number: number, review: Review, action: string, by: Actor): Hook {
    const pull = this.#repository.pulls.get(number)
    if (!pull) throw new Error(`no pull request ${number}`)
    const { mergeable: _, merged: __, ...short } = { ...pull, merged: undefined }
    const body = {
      id: review.id,
      body: review.body,
      user: user(review.author),
      state: review.state,
      commit_id: review.sha,
      submitted_at: this.#github.now.toISOString(),
    }
    const { merged: ___, ...shortBody } = this.pullBody({ ...short, merged: false, mergeable: null })
    return this.hook('pull_request_review', action, by, { pull_request: shortBody, review: body })
  }
}
