/**
 * A GitHub in memory, with what use cases read, and people who do things there. What they do is true at once;
 * whether a webhook says so is up to the test, which gets the webhook payload in its hands.
 */

import type { RepositoryIdentity } from '../../src/domain/events.ts'
import type {
  Actor,
  HookDelivery,
  Issue,
  IssueEvent,
  Permission,
  PostedComment,
  PullRequest,
  Review,
  ReviewComment,
} from '../../src/domain/github.ts'
import { type GitHub, type InstalledRepositories, NotFound, type RepositoryReader } from '../../src/github/github.ts'
import { sha } from '../../src/lib/ids.ts'

/** A webhook that GitHub would send. */
export interface Hook {
  event: string
  payload: Record<string, unknown>
}

export interface FakeRepository {
  facts: RepositoryIdentity
  permissions: Map<number, Permission>
  issues: Map<number, Issue & { updatedAt: Date }>
  events: Map<number, IssueEvent[]>
  pulls: Map<number, PullRequest & { updatedAt: Date }>
  reviews: Map<number, Review[]>
  /** Ids of its labels, by their present names. */
  labelIds: Map<string, number>
  lineComments: Map<number, ReviewComment[]>
  comments: PostedComment[]
  blockedBy: Map<number, { repository: string; number: number; state: 'open' | 'closed' }[]>
}

let nextId = 1_000
const id = () => nextId++

export const person = (login: string, type: Actor['type'] = 'User'): Actor => ({ id: id(), login, type })
export const commit = () => sha(id().toString(16).padStart(40, '0'))

export class FakeGitHub implements GitHub {
  readonly app = { slug: 'tutti', id: 77, botLogin: 'tutti[bot]' }
  readonly self: Actor = { id: 7_700, login: 'tutti[bot]', type: 'Bot' }
  readonly calls = { reads: 0, writes: 0 }
  /** Names of verbs called, in order. */
  readonly asked: string[] = []
  readonly repositories: FakeRepository[] = []
  readonly redelivered: number[] = []
  listed: HookDelivery[] | undefined = []
  /** Deliveries on a page of that list. */
  pageSize = 100
  /** Set by a test: the next calls of these verbs fail. */
  readonly failing = new Map<string, Error>()
  /** Servers differ: verbs that this one does not have. */
  readonly lacking = new Set<string>()
  /** Moves on by a second with everything that people do. */
  now = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000)

  tick(): Date {
    this.now = new Date(this.now.getTime() + 1_000)
    return this.now
  }

  async author() {
    return { name: 'tutti[bot]', email: `${this.self.id}+tutti[bot]@users.noreply.github.com` }
  }

  isSelf(actor: Pick<Actor, 'login' | 'type'>): boolean {
    return actor.login === this.app.botLogin
  }

  add(name = `acme/app-${id()}`): FakeRepository {
    const repository: FakeRepository = {
      facts: {
        githubId: id(),
        fullName: name,
        private: false,
        installationId: id(),
        cloneUrl: `http://127.0.0.1/${name}.git`,
        defaultBranch: 'main',
      },
      permissions: new Map(),
      issues: new Map(),
      events: new Map(),
      pulls: new Map(),
      reviews: new Map(),
      lineComments: new Map(),
      comments: [],
      blockedBy: new Map(),
      labelIds: new Map(),
    }
    this.repositories.push(repository)
    return repository
  }

  async token(): Promise<string> {
    throw new Error('intake needs no tokens')
  }

  /** Installations whose list of repositories cannot be read. */
  readonly unread: { installationId: number; error: unknown }[] = []

  async installedRepositories(): Promise<InstalledRepositories> {
    this.#ask('installedRepositories')
    const hidden = new Set(this.unread.map(({ installationId }) => installationId))
    const facts = this.repositories.map((one) => one.facts).filter((one) => !hidden.has(one.installationId))
    return { repositories: facts, unread: this.unread }
  }

  async deliveries(since: Date, onPage: (page: readonly HookDelivery[]) => Promise<void>): Promise<boolean> {
    this.#ask('deliveries')
    const found = this.listed?.filter((delivery) => delivery.deliveredAt >= since)
    for (let at = 0; at < (found?.length ?? 0); at += this.pageSize)
      await onPage(found?.slice(at, at + this.pageSize) ?? [])
    return found !== undefined
  }

  async redeliver(deliveryId: number): Promise<void> {
    this.#ask('redeliver')
    this.redelivered.push(deliveryId)
  }

  #ask(verb: string): void {
    this.asked.push(verb)
    this.calls.reads++
    const error = this.failing.get(verb)
    if (error) throw error
  }

  repository({ fullName }: { fullName: string }): RepositoryReader {
    const of = () => {
      const found = this.repositories.find(({ facts }) => facts.fullName.toLowerCase() === fullName.toLowerCase())
      if (!found) throw new NotFound(fullName)
      return found
    }
    const one = <T>(map: Map<number, T>, number: number): T => {
      const found = map.get(number)
      if (found === undefined) throw new NotFound(`${fullName}#${number}`)
      return structuredClone(found)
    }
    const idsOf = (labels: string[]) =>
      Object.fromEntries(labels.flatMap((name) => [[name, of().labelIds.get(name)] as const]).filter(isKnown))
    return {
      permission: async (actor) => {
        this.#ask('permission')
        return of().permissions.get(actor.id) ?? 'none'
      },
      file: async () => undefined,
      issue: async (number) => {
        this.#ask('issue')
        const issue = one(of().issues, number)
        return { ...issue, labelIds: idsOf(issue.labels) }
      },
      issuesLabelled: async (label) => {
        this.#ask('issuesLabelled')
        return [...of().issues.values()].filter(
          (issue) => issue.state === 'open' && !issue.isPullRequest && issue.labels.includes(label),
        )
      },
      openIssues: async () => {
        this.#ask('openIssues')
        return [...of().issues.values()].filter((issue) => issue.state === 'open' && !issue.isPullRequest)
      },
      subIssues: async () => {
        this.#ask('subIssues')
        return []
      },
      issueEvents: async (number) => {
        this.#ask('issueEvents')
        return this.lacking.has('issueEvents') ? undefined : (of().events.get(number) ?? [])
      },
      commentsSince: async (since) => {
        this.#ask('commentsSince')
        return of().comments.filter(({ updatedAt }) => updatedAt >= since)
      },
      blockedBy: async (number) => {
        this.#ask('blockedBy')
        return this.lacking.has('blockedBy') ? undefined : (of().blockedBy.get(number) ?? [])
      },
      pull: async (number) => {
        this.#ask('pull')
        return one(of().pulls, number)
      },
      mergeMethods: async () => {
        this.#ask('mergeMethods')
        return null
      },
      openPulls: async () => {
        this.#ask('openPulls')
        return [...of().pulls.values()].filter((pull) => pull.state === 'open')
      },
      reviews: async (number) => {
        this.#ask('reviews')
        return of().reviews.get(number) ?? []
      },
      reviewComments: async (number, reviewId) => {
        this.#ask('reviewComments')
        return (of().lineComments.get(number) ?? []).filter((comment) => comment.reviewId === reviewId)
      },
      checks: async () => ({ checks: [], complete: true }),
      jobLog: async () => undefined,
      checkAnnotations: async () => [],
      requiredChecks: async () => [],
      bypassableRulesets: async () => [],
    }
  }
}

function isKnown(entry: readonly [string, number | undefined]): entry is readonly [string, number] {
  return entry[1] !== undefined
}
