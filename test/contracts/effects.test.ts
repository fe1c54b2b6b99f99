/**
 * The contract of the effects folder: every file fits, and carries out its effect once, however often it is called and
 * whichever answer was lost. GitHub is nock in front of a few maps that behave as GitHub does.
 */

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nock from 'nock'
import { ProbotOctokit } from 'probot'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EffectKind, EffectOf } from '../../src/domain/effects.ts'
import { type EffectContext, type EffectResult, effectKinds } from '../../src/github/effects/lib/handler.ts'
import { loadEffectHandlers } from '../../src/github/effects/lib/registry.ts'
import { OperatorError, RetryAfter } from '../../src/lib/errors.ts'

const origin = 'http://api.github.test'
const handlers = await loadEffectHandlers()

/** One payload of each kind: a new kind without one does not compile. */
const payloads: { [Kind in EffectKind]: EffectOf<Kind>['payload'] } = {
  'status-comment': { issueNumber: 1 },
  'pull-request-comment': { issueNumber: 1 },
  comment: { issueNumber: 1, body: 'Hello.' },
  reaction: { commentId: 50, content: '+1' },
  'agent-review': {
    ...{ pullNumber: 2, sha: 'a'.repeat(40), body: 'One finding stands at its line.', whole: 'It is wrong.' },
    comments: [{ path: 'src/a.ts', line: 3, body: 'It is wrong.' }],
  },
  'review-reply': { pullNumber: 2, commentId: 80, body: 'Done.' },
  'resolve-threads': { pullNumber: 2, comments: [80] },
  'state-label': { issueNumber: 1, label: 'tutti:held' },
  'pull-request': { branch: 'module/issue-1', base: 'main', title: 'One', body: 'Closes #1', sha: 'a'.repeat(40) },
  commit: {
    ...{ branch: 'module/issue-1', commit: 'a'.repeat(40), tree: 'b'.repeat(40), parents: ['c'.repeat(40)] },
    ...{ message: 'One', expected: null },
  },
  'check-run': {
    ...{ sha: 'a'.repeat(40), name: 'Tutti', conclusion: 'success', title: 'Passed' },
    ...{ summary: 'All gates passed.', text: '' },
  },
  'rerun-checks': { sha: 'a'.repeat(40), target: 'workflow-run', id: 60 },
  'enqueue-merge': { pullNumber: 2, sha: 'a'.repeat(40) },
  merge: { pullNumber: 2, sha: 'a'.repeat(40), method: 'squash', title: 'One', message: '' },
  'create-issue': { origin: 'goal', title: 'A part', body: 'Do it.', labels: ['tutti'] },
  'sub-issue': { parent: 1, child: { repository: 'acme/app', number: 3 } },
  'blocked-by': { issueNumber: 1, blocker: { repository: 'acme/app', number: 3 }, wanted: true },
  'scoped-label': { issueNumber: 1, family: 'priority:', label: 'priority:high' },
  'close-issue': { issueNumber: 1, reason: 'completed' },
  'close-pull-request': { pullNumber: 2 },
  'request-reviewers': { pullNumber: 2, people: ['alice'], teams: ['core'], assigneesOf: 1 },
}

/** The kinds that would make a second thing: they search before they create. */
const creating: readonly EffectKind[] = [
  'status-comment',
  'pull-request-comment',
  'comment',
  'agent-review',
  'review-reply',
  'pull-request',
  'commit',
  'check-run',
  'merge',
  'create-issue',
]
/** Endpoints that not every server has, by the name that people are given. */
const optional: Partial<Record<EffectKind, string>> = {
  reaction: 'reactions',
  'review-reply': 'review threads',
  'resolve-threads': 'review threads',
  'check-run': 'check runs',
  'sub-issue': 'sub-issues',
  'blocked-by': 'issue dependencies',
}

type Body = Record<string, unknown>
type Answer = [number, unknown]

/** What GitHub has, and what it was asked. */
class World {
  readonly calls: string[] = []
  readonly comments = [{ id: 50, body: '/queue', user: { login: 'alice' } }]
  readonly issues = [1, 2, 3].map((number) => ({
    number,
    id: 1_000 + number,
    title: `Issue ${number}`,
    body: '',
    state: 'open',
  }))
  readonly labels = new Set(['bug', 'priority:low'])
  readonly pulls: { number: number; head: string; base: string; title: string; body: string; state: string }[] = []
  readonly checkRuns: Record<string, unknown>[] = []
  readonly links = new Set<string>()
  readonly reactions = new Set<string>()
  readonly branches = new Map<string, unknown>()
  readonly reviews: Record<string, unknown>[] = [{ id: 90, body: 'Fine.', user: { login: 'alice' } }]
  readonly lineComments: Record<string, unknown>[] = [{ id: 80, body: 'Why?', user: { login: 'alice' } }]
  resolved = false
  state: unknown = 'open'
  readonly reviewers = new Set<string>()
  merged = false
  rerunning = false
  /** Answers everything with this status. */
  refusing: number | undefined

  snapshot() {
    const { calls, refusing, ...rest } = this
    return structuredClone(rest)
  }

  answer(method: string, path: string, body: Body): Answer {
    this.calls.push(`${method} ${path}`)
    if (this.refusing !== undefined) return [this.refusing, { message: 'Not Found' }]
    for (const [pattern, act] of this.#routes) {
      const match = new RegExp(`^${pattern}$`).exec(`${method} ${path}`)
      if (match) return act(body, match[1] ?? '')
    }
    return [400, { message: `no test expects ${method} ${path}` }]
  }

  #make<T extends object>(list: T[], made: T): Answer {
    list.push(made)
    return [201, made]
  }

  #edit(list: object[], key: string, value: string, body: Body): Answer {
    const found = list.find((one) => String(one[key as keyof typeof one]) === value)
    return found ? [200, Object.assign(found, body)] : [404, { message: 'Not Found' }]
  }

  #link(link: string): Answer {
    if (this.links.has(link)) return [422, { message: 'Validation Failed' }]
    this.links.add(link)
    return [201, {}]
  }

  readonly #routes: [string, (body: Body, part: string) => Answer][] = [
    [
      'POST /actions/runs/60/rerun-failed-jobs',
      () => {
        if (this.rerunning) return [403, { message: 'The workflow run containing this job is already running' }]
        this.rerunning = true
        return [201, {}]
      },
    ],
    ['GET /issues/1/comments', () => [200, this.comments]],
    [
      'POST /issues/1/comments',
      (body) => this.#make(this.comments, { id: 60 + this.comments.length, ...bot, body: String(body.body) }),
    ],
    ['PATCH /issues/comments/(\\d+)', (body, id) => this.#edit(this.comments, 'id', id, body)],
    [
      'POST /issues/comments/50/reactions',
      ({ content }) => {
        const status = this.reactions.has(String(content)) ? 200 : 201
        this.reactions.add(String(content))
        return [status, { content }]
      },
    ],
    [
      'POST /pulls/2/requested_reviewers',
      ({ reviewers, team_reviewers }) => {
        for (const name of [...(reviewers as string[]), ...(team_reviewers as string[])]) this.reviewers.add(name)
        return [201, {}]
      },
    ],
    ['GET /pulls/2/reviews', () => [200, this.reviews]],
    [
      'POST /pulls/2/reviews',
      ({ body, event }) => this.#make(this.reviews, { id: 91, event, ...bot, body: String(body) }),
    ],
    ['GET /pulls/2/comments', () => [200, this.lineComments]],
    [
      'POST /pulls/2/comments/80/replies',
      ({ body }) => this.#make(this.lineComments, { id: 81, in_reply_to_id: 80, ...bot, body: String(body) }),
    ],
    ['POST /graphql', (body) => this.#graphql(String(body.query))],
    ['GET /issues/1/labels', () => [200, this.#labels()]],
    [
      'POST /issues/1/labels',
      ({ labels }) => {
        for (const name of labels as string[]) this.labels.add(name)
        return [200, this.#labels()]
      },
    ],
    [
      'DELETE /issues/1/labels/(.+)',
      (_, name) => (this.labels.delete(decodeURIComponent(name)) ? [200, this.#labels()] : [404, {}]),
    ],
    ['POST /git/trees', () => [201, { sha: 'b'.repeat(40) }]],
    ['POST /git/commits', (body) => [201, gitCommit(body)]],
    ['GET /git/commits/d+', () => [200, gitCommit({ tree: 'b'.repeat(40), parents: ['c'.repeat(40)] })]],
    [
      'GET /git/ref/(.+)',
      (_, ref) => {
        const id = this.branches.get(`refs/${decodeURIComponent(ref)}`)
        return id ? [200, { object: { sha: id } }] : [404, { message: 'Not Found' }]
      },
    ],
    [
      'POST /git/refs',
      ({ ref, sha }) => {
        if (this.branches.has(String(ref))) return [422, { message: 'Reference already exists' }]
        this.branches.set(String(ref), sha)
        return [201, { ref, object: { sha } }]
      },
    ],
    ['GET /pulls', () => [200, this.pulls]],
    [
      'POST /pulls',
      (body) => {
        const made = { number: 9, state: 'open', ...body } as never
        return this.pulls.length > 0
          ? [422, { message: 'A pull request already exists' }]
          : this.#make(this.pulls, made)
      },
    ],
    [
      'PATCH /pulls/2',
      ({ state }) => {
        this.state = state
        return [200, {}]
      },
    ],
    ['PATCH /pulls/(\\d+)', (body, number) => this.#edit(this.pulls, 'number', number, body)],
    ['GET /pulls/2', () => [200, { number: 2, merged: this.merged, merge_commit_sha: this.merged ? 'c0ffee' : null }]],
    [
      'PUT /pulls/2/merge',
      () => {
        if (this.merged) return [405, { message: 'Pull Request is not mergeable' }]
        this.merged = true
        return [200, { merged: true, sha: 'c0ffee' }]
      },
    ],
    ['GET /commits/a+/check-runs', () => [200, { total_count: 1, check_runs: this.checkRuns }]],
    ['POST /check-runs', (body) => this.#make(this.checkRuns, { id: 70 + this.checkRuns.length, ...body })],
    ['PATCH /check-runs/(\\d+)', (body, id) => this.#edit(this.checkRuns, 'id', id, body)],
    ['GET /issues', () => [200, this.issues]],
    ['GET /issues/(\\d+)', (_, number) => this.#edit(this.issues, 'number', number, {})],
    [
      'POST /issues',
      ({ title, body }) => {
        const number = this.issues.length + 1
        return this.#make(this.issues, {
          number,
          id: 1_000 + number,
          title: String(title),
          body: String(body),
          state: 'open',
        })
      },
    ],
    ['PATCH /issues/(\\d+)', (body, number) => this.#edit(this.issues, 'number', number, body)],
    ['POST /issues/1/sub_issues', ({ sub_issue_id }) => this.#link(`child ${sub_issue_id}`)],
    ['DELETE /issues/1/(?:sub_issue|dependencies/blocked_by/\\d+)', () => [404, { message: 'Not Found' }]],
    ['POST /issues/1/dependencies/blocked_by', ({ issue_id }) => this.#link(`blocker ${issue_id}`)],
  ]

  #graphql(query: string): Answer {
    if (query.startsWith('mutation')) {
      this.resolved = true
      return [200, { data: {} }]
    }
    const nodes = [{ id: 'T', isResolved: this.resolved, comments: { nodes: [{ databaseId: 80 }] } }]
    const reviewThreads = { pageInfo: { hasNextPage: false, endCursor: null }, nodes }
    return [200, { data: { repository: { pullRequest: { reviewThreads } } } }]
  }

  #labels() {
    return [...this.labels].map((name) => ({ name }))
  }
}

/** As GitHub answers: the commit of an app is signed. */
function gitCommit({ tree, parents }: Body) {
  const ids = parents as string[]
  return {
    ...{ sha: 'd'.repeat(40), tree: { sha: tree }, parents: ids.map((sha) => ({ sha })) },
    verification: { verified: true, reason: 'valid' },
  }
}

const bot = { user: { login: 'tutti[bot]' } }

let world: World
let missing: string[]
let underWay: boolean

beforeAll(() => {
  // Another file of the same process may have switched it off.
  if (!nock.isActive()) nock.activate()
  nock.disableNetConnect()
})
beforeEach(() => {
  world = new World()
  missing = []
  underWay = false
  for (const method of ['get', 'post', 'patch', 'put', 'delete'] as const) {
    nock(origin)
      .persist()
      [method](/^\/(?:repos\/acme\/app\/|graphql$)/)
      .reply(async (request: Request) => {
        const text = await request.text()
        const path = new URL(request.url).pathname.replace('/repos/acme/app', '')
        return world.answer(request.method, path, text ? JSON.parse(text) : {})
      })
  }
})
afterEach(() => nock.cleanAll())
afterAll(() => nock.restore())

function publish(
  kind: EffectKind,
  known: Pick<EffectContext, 'mayExist' | 'before'>,
  payload: object = payloads[kind],
): Promise<EffectResult> {
  const octokit = new ProbotOctokit({
    ...{ baseUrl: origin, retry: { enabled: false }, throttle: { enabled: false } },
    auth: { token: 'ghs_test' },
  })
  const handler = handlers.get(kind)
  if (!handler) throw new Error(`no file for ${kind}`)
  return handler.publish(payload as never, {
    ...{ octokit, at: { owner: 'acme', repo: 'app' }, key: `test:${kind}`, botLogin: 'tutti[bot]', ...known },
    statusComment: async () => 'Working on it.',
    pullRequestComment: async () => 'Waiting for review.',
    commitFiles: async () => ({
      baseTree: 'e'.repeat(40),
      files: [{ path: 'one.txt', mode: '100644', content: Buffer.from('one\n') }],
    }),
    clean: (text, end = '') => text + end,
    notFound: () => {
      if (underWay) throw new RetryAfter('an earlier attempt may still be under way', new Date())
    },
    missing: (feature) => missing.push(feature),
  })
}

const first = { mayExist: false, before: {} }

describe.each(effectKinds)('%s', (kind) => {
  it('changes something on GitHub', async () => {
    const before = world.snapshot()
    await publish(kind, first)
    expect(world.snapshot()).not.toEqual(before)
  })

  it('changes nothing more where it was carried out and the answer was lost', async () => {
    const result = await publish(kind, first)
    const after = world.snapshot()
    expect(await publish(kind, { mayExist: true, before: {} })).toEqual(result)
    expect(world.snapshot()).toEqual(after)
  })

  it('changes nothing more where it is known to be carried out', async () => {
    const result = await publish(kind, first)
    const after = world.snapshot()
    if (kind !== 'merge') await publish(kind, { mayExist: false, before: result })
    expect(world.snapshot()).toEqual(after)
  })

  it('carries it out where it may exist and does not', async () => {
    await publish(kind, first)
    const after = world.snapshot()
    world = new World()
    await publish(kind, { mayExist: true, before: {} })
    expect(world.snapshot()).toEqual(after)
  })

  if (creating.includes(kind))
    it('searches before it creates, and only then', async () => {
      await publish(kind, first)
      expect(world.calls.every((call) => !call.startsWith('GET'))).toBe(true)
      world = new World()
      await publish(kind, { mayExist: true, before: {} })
      expect(world.calls[0]).toMatch(/^GET /)
    })

  if (creating.includes(kind))
    it('writes nothing where it was carried out and the answer was lost', async () => {
      await publish(kind, first)
      world.calls.splice(0)
      underWay = true
      await publish(kind, { mayExist: true, before: {} })
      expect(world.calls.filter((call) => !call.startsWith('GET'))).toEqual([])
    })

  if (creating.includes(kind))
    it('writes nothing while an earlier attempt is not to be found and may still be under way', async () => {
      underWay = true
      await expect(publish(kind, { mayExist: true, before: {} })).rejects.toBeInstanceOf(RetryAfter)
      expect(world.calls.filter((call) => !call.startsWith('GET'))).toEqual([])
    })

  it.each(optional[kind] ? [404, 501] : [])('goes on without a server that answers %i', async (status) => {
    world.refusing = status
    expect(await publish(kind, first)).toEqual({})
    expect(missing).toEqual([optional[kind]])
  })

  it('throws what GitHub refuses', async () => {
    world.refusing = 403
    await expect(publish(kind, first)).rejects.toMatchObject({ status: 403 })
  })
})

describe('links', () => {
  const off = { ...payloads, 'sub-issue': { ...payloads['sub-issue'], wanted: false } }
  it.each([
    ['sub-issue', off['sub-issue']],
    ['blocked-by', { ...payloads['blocked-by'], wanted: false }],
  ] as const)('%s: one that is off already is off, and the server does not lack it', async (kind, payload) => {
    await publish(kind, first, payload)
    expect(world.calls.at(-1)).toMatch(/^DELETE /)
    expect(missing).toEqual([])
  })
})

describe('labels', () => {
  it('the old one of the family goes, others stay, whatever their case', async () => {
    world.labels.add('Priority:High').add('tutti:paused')
    await publish('scoped-label', first)
    expect([...world.labels]).toEqual(['bug', 'Priority:High', 'tutti:paused'])
    await publish('state-label', { mayExist: true, before: {} })
    expect([...world.labels]).toEqual(['bug', 'Priority:High', 'tutti:held'])
  })
})

describe('comments', () => {
  const marker = '<!-- tutti:test:comment -->'
  const authors = () => world.comments.map(({ user }) => user.login)

  it('one that someone deleted is created again', async () => {
    const { commentId } = await publish('comment', first)
    world.comments.splice(1, 1)
    await publish('comment', { mayExist: false, before: { commentId, fingerprint: 'of another text' } })
    expect(authors()).toEqual(['alice', 'tutti[bot]'])
  })

  it("another's with our marker is not ours", async () => {
    world.comments.push({ id: 51, body: marker, user: { login: 'mallory' } })
    await publish('comment', { mayExist: true, before: {} })
    expect(authors()).toEqual(['alice', 'mallory', 'tutti[bot]'])
  })

  it('one that reads the same already costs no call', async () => {
    const before = await publish('comment', first)
    const made = world.calls.length
    await publish('comment', { mayExist: true, before })
    expect(world.calls).toHaveLength(made)
  })
})

describe('the loader', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutti-socket-'))
    // Every kind there is, but for the one that a case is about.
    for (const kind of effectKinds) await writeFile(join(folder, `${kind}.ts`), handlerSource(kind))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const handlerSource = (kind: string) => `export const effect = { kind: '${kind}', publish: async () => ({}) }`
  const refused = () => loadEffectHandlers(folder).catch((error: unknown) => error)

  it('finds one file for each kind, and no other', async () => {
    const names = (await readdir('src/github/effects')).filter((name) => name.endsWith('.ts'))
    expect(names.toSorted()).toEqual(effectKinds.map((kind) => `${kind}.ts`).toSorted())
    expect([...(await loadEffectHandlers(folder)).keys()].toSorted()).toEqual([...effectKinds].toSorted())
  })

  it('refuses a folder where a kind has no file', async () => {
    await rm(join(folder, 'merge.ts'))
    expect(await refused()).toMatchObject({ message: 'no file carries out the effect merge' })
    await writeFile(join(folder, 'merge.ts'), handlerSource('merge'))
  })

  it.each([
    ['an unknown kind', 'poke.ts', handlerSource('poke'), /poke\.ts does not fit: effect\.kind/],
    ['the kind of another file', 'poke.ts', handlerSource('merge'), /poke\.ts does not fit: effect\.kind is "merge"/],
    ['nothing exported', 'poke.ts', 'export const other = 1', /poke\.ts does not fit: effect is not exported/],
    [
      'no function',
      'poke.ts',
      "export const effect = { kind: 'merge', publish: 1 }",
      /effect\.publish must be a function/,
    ],
  ])('refuses %s, naming file and field', async (name, file, source, message) => {
    const path = join(folder, file.replace('poke', `poke-${name.replaceAll(' ', '-')}`))
    await writeFile(path, source)
    const error = await refused()
    await rm(path)
    expect(error).toBeInstanceOf(OperatorError)
    expect((error as Error).message).toMatch(new RegExp(message.source.replace('poke\\.ts', 'poke-[a-z-]+\\.ts')))
  })
})

it('closes what is to be closed, an issue with the reason', async () => {
  await publish('close-issue', first)
  expect(world.issues[0]).toMatchObject({ number: 1, state: 'closed', state_reason: 'completed' })
  await publish('close-pull-request', first)
  expect(world.state).toBe('closed')
})
