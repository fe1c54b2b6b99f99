/** The dashboard over a store with work of every kind in it, for tests of its pages. People are signed in by hand. */

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import { EventHub } from '../../src/api/event-hub.ts'
import { loadCommands } from '../../src/commands/registry.ts'
import { type Env, readEnv } from '../../src/config/env.ts'
import { openDashboard } from '../../src/dashboard/dashboard.ts'
import type { DashboardServices } from '../../src/dashboard/services.ts'
import { addSession } from '../../src/db/dashboard-sessions.ts'
import { type Picture, savePictures } from '../../src/db/pictures.ts'
import { type RepositoryRow, saveRepository } from '../../src/db/repositories.ts'
import { crewMembers, memories, messageDeliveries, messages } from '../../src/db/schema/crew.ts'
import { forecasts, mergeBatches, mergeQueue } from '../../src/db/schema/merging.ts'
import { plans, questions } from '../../src/db/schema/plans.ts'
import { pullRequests } from '../../src/db/schema/pull-requests.ts'
import { gateResults, restarts, runs } from '../../src/db/schema/runs.ts'
import { decisions } from '../../src/db/schema/schedule.ts'
import { usage } from '../../src/db/schema/usage.ts'
import { dependencies, workItems } from '../../src/db/schema/work-items.ts'
import { dayOf } from '../../src/db/usage.ts'
import { addWorkItem, getItem, type ItemRow, transition } from '../../src/db/work-items.ts'
import type { Actor, Permission } from '../../src/domain/github.ts'
import type { ItemState } from '../../src/lib/item-state.ts'
import { openTestStore } from './test-store.ts'

/** What people may do, by login and repository; nothing where it is not said. */
export type Permissions = Record<string, Record<string, Permission>>

/** A dashboard on a store of its own. @param permissions may be changed while it runs. */
export async function openDashboardPlace(permissions: Permissions, more: Record<string, string> = {}) {
  const { store, close } = await openTestStore()
  const directory = await mkdtemp(join(tmpdir(), 'tutti-dashboard-'))
  await mkdir(join(directory, 'logs'), { recursive: true })
  const env: Env = readEnv({ DATA_DIR: directory, GITHUB_CLIENT_ID: 'Iv1.abc', GITHUB_CLIENT_SECRET: 'shh', ...more })
  const asked: string[] = []
  const github = {
    repository: ({ fullName }: RepositoryRow) => ({
      permission: async ({ login }: Actor) => {
        asked.push(`${login} ${fullName}`)
        return permissions[login]?.[fullName] ?? 'none'
      },
      issue: async (number: number) => ({
        ...{ number, title: 'An issue', body: '', url: 'http://localhost/issue', state: 'open', labels: [] },
        ...{ author: { id: 7, login: 'maintainer', type: 'User' }, isPullRequest: false },
      }),
      file: async () => undefined,
    }),
  } as unknown as DashboardServices['github']
  const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' })
  const services = { store, github, log, env, commands: await loadCommands(), redact: (text: string) => text }
  const events = new EventHub(store, log)
  const pages = openDashboard({ env, log, store, events, services: () => services })
  return {
    store,
    env,
    pages,
    events,
    /** Every question about what someone may do. */
    asked,
    /** The cookie of someone who is signed in. */
    async signIn(login: string, id = 7): Promise<string> {
      const secret = `secret-of-${login}-${id}-${Math.random()}`
      await addSession(store.db, secret, { userId: id, login, expiresAt: new Date(Date.now() + 3_600_000) })
      return `tutti-session=${secret}`
    },
    writeLog: (runId: number, text: string) => writeFile(join(directory, 'logs', `run-${runId}.log`), text),
    close: async () => {
      events.close()
      await close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

type Place = Awaited<ReturnType<typeof openDashboardPlace>>

let repositories = 9_000

/** A repository of the place. */
export async function addRepository({ store }: Place, fullName: string): Promise<RepositoryRow> {
  repositories++
  return saveRepository(store.db, {
    ...{ githubId: repositories, fullName, private: true, installationId: 1 },
    ...{ cloneUrl: `http://127.0.0.1/${fullName}.git`, defaultBranch: 'main' },
  })
}

/** An item that has gone through states, as the other steps would move it. */
export async function addItem(
  { store }: Place,
  repo: RepositoryRow,
  item: { issue: number; title: string; states?: ItemState[]; waitsFor?: number[] } & Partial<ItemRow>,
): Promise<ItemRow> {
  const { issue, title, states = [], waitsFor = [], ...more } = item
  const row = await store.transaction((tx) =>
    addWorkItem(
      tx,
      {
        ...{ repositoryId: repo.id, issueNumber: issue, title, state: 'queued', requestedBy: 'maintainer' },
        ...{ requestedById: 7, module: `issue-${issue}`, branch: `module/issue-${issue}`, baseBranch: 'main' },
        ...{ url: `https://github.com/${repo.fullName}/issues/${issue}`, ...more },
      },
      'maintainer',
    ),
  )
  if (!row) throw new Error('the item is there already')
  if (waitsFor.length > 0)
    await store.db.insert(dependencies).values(
      waitsFor.map((issueNumber) => ({
        ...{ dependentId: row.id, repository: repo.fullName.toLowerCase(), issueNumber },
        ...{ source: 'body' as const, blocker: 'open' as const },
      })),
    )
  for (const to of states)
    await store.transaction(async (tx) => {
      const now = await getItem(tx.db, row.id)
      if (now) await transition(tx, now, to, { actor: 'tutti', why: item.reason ?? whyOf[to] ?? '' })
    })
  const [last] = await store.db.select().from(workItems).where(eq(workItems.id, row.id))
  return last ?? row
}

const whyOf: Partial<Record<ItemState, string>> = {
  ready: 'Triage found nothing in its way.',
  running: 'Atlas has started on it.',
  checking: 'The agent is done; the gates judge its commit.',
  reviewing: 'Every gate passed; a person reviews the pull request.',
  approved: 'A person has approved it.',
  merging: 'It is being merged.',
  done: 'Its pull request was merged.',
  held: 'The tests failed three times in the same way.',
  asking: 'The planner has two questions.',
  'plan-review': 'The plan waits for a yes.',
}

const head = 'c0ffee'.padEnd(40, '7')

/** Work of every kind, as after a busy day. @param title put into every text that people or agents write. */
export async function fillRepository(
  place: Place,
  repo: RepositoryRow,
  title = '',
): Promise<{ runId: number; issue: number }> {
  const { db } = place.store
  const named = (text: string) => `${text}${title}`
  const add = (item: Parameters<typeof addItem>[2]) =>
    addItem(place, repo, { ...item, title: named(item.title), ...(item.reason ? { reason: named(item.reason) } : {}) })
  const review = ['ready', 'running', 'checking', 'reviewing'] as const
  const items = {
    login: await add({
      issue: 12,
      title: 'Sign in with a passkey',
      states: ['ready', 'running'],
      priority: 0,
      effort: 'L',
      body: named('It should be quick.'),
    }),
    export: await add({ issue: 14, title: 'Export invoices as CSV', states: [...review], effort: 'M' }),
    search: await add({
      issue: 15,
      title: 'Search answers in 200 ms with a million rows',
      states: ['ready', 'held'],
      reason: 'The tests failed three times in the same way.',
    }),
    flags: await add({
      issue: 17,
      title: 'Feature flags for the beta',
      states: ['planning', 'plan-review'],
      effort: 'XL',
    }),
    dark: await add({ issue: 18, title: 'Dark mode', states: ['ready', 'running', 'checking'], effort: 'S' }),
    audit: await add({
      issue: 19,
      title: 'Audit trail of every change to an account',
      states: ['ready'],
      waitsFor: [12],
    }),
    mails: await add({ issue: 20, title: 'Mail a receipt', states: ['ready'], waitsFor: [12, 14] }),
    limits: await add({
      issue: 21,
      title: 'Rate limits for the public API',
      states: ['ready'],
      waitsFor: [19],
      priority: 1,
    }),
    docs: await add({ issue: 22, title: 'Document the webhooks', states: [] }),
    upload: await add({
      issue: 23,
      title: 'Upload of large files goes on after a lost connection',
      states: [...review, 'approved'],
    }),
    done1: await add({
      issue: 9,
      title: 'Show prices with their currency',
      states: [...review, 'approved', 'merging', 'done'],
    }),
    done2: await add({
      issue: 10,
      title: 'A page for what does not exist',
      states: [...review, 'approved', 'merging', 'done'],
    }),
    done3: await add({
      issue: 11,
      title: 'Sort the list of customers',
      states: [...review, 'approved', 'merging', 'done'],
    }),
  }
  const member = async (name: string, role: 'builder' | 'planner') =>
    (await db.insert(crewMembers).values({ repositoryId: repo.id, role, agent: 'claude-code', name }).returning())[0]
  const crew = {
    atlas: await member('Atlas', 'builder'),
    nova: await member('Nova', 'builder'),
    iris: await member('Iris', 'planner'),
  }
  const minutes = (count: number) => new Date(Date.now() - count * 60_000)
  const health = (verdict: 'healthy' | 'warning', silentMs: number) => ({
    ...{ at: new Date().toISOString(), silentMs, cpuPercent: 37, memory: 412 * 2 ** 20, processes: 5 },
    ...{ inTool: false, diskFreePercent: 60, verdict, why: '' },
  })
  const run = async (item: ItemRow, set: Partial<typeof runs.$inferInsert>) => {
    const [row] = await db
      .insert(runs)
      .values({ workItemId: item.id, attempt: 1, agent: 'claude-code', startedAt: minutes(9), ...set })
      .returning()
    if (!row) throw new Error('the run was not stored')
    return row
  }
  const live = await run(items.login, {
    ...{
      stage: 'agent',
      memberId: crew.atlas?.id,
      memberName: 'Atlas',
      memberWhy: 'Atlas has done #9 in the same part.',
    },
    ...{
      progress: named('Step 3 of 6: the server checks the challenge'),
      health: health('healthy', 4_000),
      model: 'sonnet',
    },
  })
  await run(items.dark, {
    ...{
      stage: 'gates',
      memberId: crew.nova?.id,
      memberName: 'Nova',
      headSha: head,
      progress: named('Running the tests'),
    },
    ...{ health: health('warning', 140_000), endedAt: minutes(1) },
  })
  const ended = await run(items.export, {
    ...{
      stage: 'ended',
      outcome: 'finished',
      memberId: crew.nova?.id,
      memberName: 'Nova',
      startedAt: minutes(95),
      endedAt: minutes(81),
    },
    ...{ summary: named('Invoices are exported as CSV; the separator follows the locale.'), headSha: head },
  })
  const failed = await run(items.search, {
    ...{
      stage: 'ended',
      outcome: 'gates-failed',
      memberId: crew.atlas?.id,
      memberName: 'Atlas',
      startedAt: minutes(60),
      endedAt: minutes(52),
    },
    ...{ summary: named('The index is there; two tests are too slow.') },
  })
  await place.writeLog(
    live.id,
    [
      'tutti | started claude-code as process 4711',
      'tutti | session 9f2 with claude-code 2.1, model sonnet, mode default',
      `tutti | plan: ${named('Read what is there')} (completed); Write the challenge (in_progress); Test it (pending)`,
      'tutti | tool read completed: Read src/session.ts',
      `tutti | tool execute in_progress: ${named('npm test -- passkey')}`,
      `stderr| ${named('warning: the clock of this machine is 2 s behind')}`,
      'tutti | permission given: Edit src/passkey.ts (inside the worktree)',
      'tutti | tool edit completed: Edit src/passkey.ts',
      '',
    ].join('\n'),
  )
  await fillUsage(place, repo, [live.id, ended.id, failed.id])
  const gates = [
    { gate: 'changes', verdict: 'pass', summary: 'It changes 4 files.', milliseconds: 40 },
    { gate: 'secrets', verdict: 'pass', summary: 'No secret was found.', milliseconds: 210 },
    {
      gate: 'command',
      verdict: 'pass',
      summary: named('`npm test` passed.'),
      log: named('Tests  212 passed (212)\n'),
      milliseconds: 41_000,
    },
  ] as const
  await db.insert(gateResults).values(gates.map((gate) => ({ workItemId: items.export.id, sha: head, ...gate })))
  const left = ['login.png', 'settings/dark.png', 'board at 360 px.png'].map((name, at) => screenshot(named(name), at))
  await place.store.transaction((tx) =>
    savePictures(tx, { workItemId: items.export.id, sha: head, gate: 'command' }, left),
  )
  await db.insert(gateResults).values({
    workItemId: items.search.id,
    sha: head,
    gate: 'command',
    verdict: 'fail',
    summary: '`npm test` failed.',
    log: named('✗ answers in 200 ms\n  expected 812 to be less than 200'),
    milliseconds: 52_000,
  })
  const pull = async (item: ItemRow, number: number) =>
    (
      await db
        .insert(pullRequests)
        .values({
          repositoryId: repo.id,
          workItemId: item.id,
          number,
          url: `https://github.com/${repo.fullName}/pull/${number}`,
          headSha: head,
          baseBranch: 'main',
        })
        .returning()
    )[0]
  const [first, second] = [await pull(items.export, 31), await pull(items.upload, 33)]
  await db.insert(decisions).values({
    workItemId: items.audit.id,
    action: 'wait',
    reasons: [],
    explanation: named('It waits for #12, which an agent works on now.'),
    rank: 'Leverage 6: 4 hours of work wait behind it.',
  })
  await db.insert(decisions).values({
    workItemId: items.login.id,
    action: 'start',
    reasons: [],
    explanation: named('It is ready, three items wait for it, and a slot is free.'),
    rank: 'Leverage 18: it is on the critical path.',
  })
  await db.insert(plans).values({
    ...{ workItemId: items.flags.id, version: 1, kind: 'plan', textDigest: 'x', confidence: 0.82, state: 'pending' },
    content: {
      ...{
        kind: 'plan',
        summary: named('Flags live in one table, and are read once a minute.'),
        outOfScope: ['A page to edit them'],
        risk: 'medium',
      },
      ...{
        risks: ['Two versions run at once while it is deployed.'],
        confidence: 0.82,
        steps: [named('Add the table'), 'Read it once a minute', 'Use it for the beta'],
      },
      ...{ inScope: ['The flag of the beta'], paths: ['src/flags/'], effort: 'XL' },
    },
  })
  await db.insert(questions).values({
    workItemId: items.flags.id,
    round: 1,
    asked: [named('May a flag be set for one customer?')],
    answer: named('Yes.'),
    answeredBy: 'maintainer',
    answeredById: 7,
    answeredAt: new Date(),
  })
  const [message] = await db
    .insert(messages)
    .values({
      repositoryId: repo.id,
      workItemId: items.login.id,
      channel: 'item',
      fromMemberId: crew.atlas?.id,
      fromName: 'Atlas',
      toName: 'people',
      text: named('Passkeys need https; on localhost browsers allow them all the same.'),
    })
    .returning()
  await db.insert(messageDeliveries).values({ messageId: message?.id ?? 0, memberId: null, state: 'delivered' })
  await db.insert(memories).values({
    repositoryId: repo.id,
    memberId: crew.atlas?.id,
    kind: 'insight',
    domain: 'tests',
    text: named('The tests need the clock of the fixture, not the one of the machine.'),
    digest: 'd1',
    source: 'gate',
    issueNumber: 9,
    used: 3,
  })
  await db.insert(restarts).values({
    runId: failed.id,
    workItemId: items.search.id,
    agent: 'claude-code',
    reason: named('stalled: it was silent for 11 minutes'),
    attempt: 1,
    afterMs: 5_000,
  })
  await db
    .insert(mergeQueue)
    .values({ repositoryId: repo.id, baseBranch: 'main', pullRequestId: second?.id ?? 0, sha: head })
  await db.insert(mergeBatches).values({
    repositoryId: repo.id,
    baseBranch: 'main',
    baseSha: head,
    baseTree: head,
    state: 'passed',
    milliseconds: 48_000,
    members: [{ pullRequestId: first?.id ?? 0, sha: head, commit: head, tree: head }],
    log: named('all passed'),
  })
  const pairs = [
    [items.login, items.export, []],
    [items.export, items.upload, [named('src/files/write.ts')]],
    [items.login, items.upload, []],
    [items.dark, items.upload, ['src/theme.css', 'src/page.css']],
  ] as const
  for (const [one, other, paths] of pairs)
    await db.insert(forecasts).values({
      repositoryId: repo.id,
      oneId: Math.min(one.id, other.id),
      otherId: Math.max(one.id, other.id),
      oneSha: head,
      otherSha: head,
      paths: [...paths],
    })
  return { runId: live.id, issue: 12 }
}

/** A picture as a gate would leave it: a PNG of one colour, 40 × 30. */
export function screenshot(name: string, shade: number): Picture {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const ends = Buffer.alloc(8)
    ends.writeUInt32BE(data.length, 0)
    ends.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
  }
  const [width, height] = [40, 30]
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, height, 8, 2, 0, 0, 0])
  const row = [0, ...Array.from({ length: width }, () => [80 + shade * 50, 90, 200 - shade * 40]).flat()]
  const pixels = deflateSync(Buffer.from(Array.from({ length: height }, () => row).flat()))
  const parts = [chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]
  const content = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts])
  return { name, digest: createHash('sha256').update(content).digest('hex'), type: 'image/png', content }
}

/** A month of costs: the runs that are given have the last ones. */
async function fillUsage({ store: { db } }: Place, repo: RepositoryRow, ids: readonly number[]): Promise<void> {
  const item = await db.select().from(workItems).where(eq(workItems.repositoryId, repo.id)).limit(1)
  for (let day = 0; day < 30; day++) {
    const id = ids[day]
    const [made] =
      id === undefined
        ? await db
            .insert(runs)
            .values({
              workItemId: item[0]?.id ?? 0,
              attempt: 100 + day,
              agent: day % 3 === 0 ? 'codex' : 'claude-code',
              stage: 'ended',
              outcome: 'finished',
              countsAsAttempt: false,
              memberName: null,
              startedAt: new Date(Date.now() - day * 86_400_000),
              endedAt: new Date(Date.now() - day * 86_400_000 + 600_000),
            })
            .returning()
        : []
    const runId = id ?? made?.id ?? 0
    if (day % 7 === 5 && id === undefined) continue
    const cost = Math.round((1.2 + Math.abs(Math.sin(day * 1.7)) * 6.5) * 1e6)
    await db.insert(usage).values({
      runId,
      repositoryId: repo.id,
      inputTokens: 420_000 + day * 9_000,
      outputTokens: 38_000,
      cost,
      currency: 'USD',
      day: dayOf(new Date(Date.now() - (id === undefined ? day : 0) * 86_400_000)),
    })
  }
}
