/** For each command a repository of its own, in which it has something to do. */

import { eq } from 'drizzle-orm'
import type { Command } from '../../src/commands/command.ts'
import { defaultSettings } from '../../src/config/settings.ts'
import { assignMember } from '../../src/crew/assign.ts'
import { addPlan, addRound } from '../../src/db/plans.ts'
import { addRun } from '../../src/db/runs.ts'
import { repositories } from '../../src/db/schema/repositories.ts'
import { runs } from '../../src/db/schema/runs.ts'
import { workItems } from '../../src/db/schema/work-items.ts'
import type { PlanOrBreakdown } from '../../src/domain/plan.ts'
import type { openApiPlace } from './api-place.ts'
import { head, makePlace, newHead } from './command-place.ts'
import { person } from './fake-github.ts'

type Door = Awaited<ReturnType<typeof openApiPlace>>
type Here = Awaited<ReturnType<typeof makePlace>> & { store: Door['store'] }

/** What must have happened on issue #12. @returns arguments that the example cannot know. */
const preparations: Readonly<Record<string, (here: Here) => Promise<Record<string, unknown> | undefined>>> = {
  agents: (here) => atWork(here).then(nothing),
  answer: (here) => asked(here),
  approve: (here) => planned(here),
  'best-of': (here) => withAgents(here),
  block: (here) => queued(here),
  crew: (here) => atWork(here).then(nothing),
  depends: (here) => queued(here).then(() => ({ issue: '#1' })),
  'export-orchestrator': (here) => queued(here),
  'get-agent': async (here) => ({ agentId: String((await atWork(here)).id) }),
  'get-next-work': (here) => ready(here),
  'get-orchestration-progress': (here) => queued(here),
  'get-orchestrator': (here) => queued(here),
  'get-work-queue': (here) => queued(here),
  hold: (here) => reviewed(here),
  'list-agents': (here) => atWork(here).then(nothing),
  merge: (here) => reviewed(here),
  message: (here) => atWork(here).then(nothing),
  pause: (here) => queued(here),
  reassign: (here) => queued(here),
  reject: (here) => planned(here),
  'render-orchestration-terminal': (here) => queued(here),
  replan: (here) => planned(here),
  resume: (here) => paused(here),
  retry: (here) => held(here),
  route: (here) => atWork(here).then(nothing),
  'set-handle': (here) => atWork(here).then(() => ({ name: 'Aria' })),
  skip: (here) => queued(here),
  'spawn-agent': (here) => ready(here),
  spawn: (here) => ready(here),
  status: (here) => queued(here),
  stop: (here) => atWork(here).then(nothing),
  'terminate-agent': async (here) => ({ agentId: String((await atWork(here)).id) }),
  'take-over': (here) => reviewed(here),
  unqueue: (here) => queued(here),
  use: (here) => compared(here),
  why: (here) => queued(here),
}

/**
 * Makes the repository `acme/<command>` behind a door, with the open issues #1, #2 and #12.
 * @returns its short name, and the arguments that replace those of the example.
 */
export async function placeFor(door: Door, { name }: Command): Promise<{ name: string; given: object }> {
  const repository = door.github.add(`acme/${name}`)
  for (const number of [1, 2, 12]) {
    repository.issues.set(number, {
      ...{ number, title: `Add part ${number}`, body: 'It should work.', state: 'open', labels: [] },
      ...{ url: `http://127.0.0.1/acme/${name}/issues/${number}`, author: person('mona'), isPullRequest: false },
      updatedAt: new Date(),
    })
  }
  const here = await makePlace(door.store, {}, repository.facts)
  const given = await preparations[name]?.({ ...here, store: door.store })
  return { name, given: given ?? {} }
}

const nothing = () => undefined

async function queued(here: Here): Promise<undefined> {
  await here.say('/queue')
}

async function ready(here: Here): Promise<undefined> {
  await queued(here)
  const { id } = await here.go('ready')
  await here.store.db.update(workItems).set({ module: 'auth' }).where(eq(workItems.id, id))
}

async function paused(here: Here): Promise<undefined> {
  await queued(here)
  await here.say('/pause')
}

/** Its attempts are used up. */
async function held(here: Here): Promise<undefined> {
  await queued(here)
  await here.go('ready', 'running', 'held')
}

async function reviewed(here: Here): Promise<undefined> {
  await here.review()
}

/** The settings name the agents of the example. */
async function withAgents(here: Here): Promise<undefined> {
  const settings = { ...defaultSettings(), agents: { codex: {}, 'claude-code': {} } }
  await here.store.db.update(repositories).set({ settings }).where(eq(repositories.id, here.repo.id))
}

/** Two kinds have built it; the pull request shows what the first has made. */
async function compared(here: Here): Promise<undefined> {
  await here.review()
  const made = { passed: true, asks: 0, files: 1, lines: 1, paths: ['src/clock.ts'], why: '' }
  const candidates = [
    { ...made, kind: 'scripted', name: 'Aria (scripted)', runId: 1, head },
    { ...made, kind: 'codex', name: 'Atlas (codex)', runId: 2, head: newHead },
  ]
  const bestOf = { kinds: ['scripted', 'codex'], candidates, chosen: 'scripted' }
  const { id } = await here.item()
  await here.store.db.update(workItems).set({ bestOf, headSha: head }).where(eq(workItems.id, id))
}

/** An agent with a name is at work. */
async function atWork(here: Here) {
  await queued(here)
  await here.go('ready', 'running')
  const item = await here.item()
  return here.store.transaction(async (tx) => {
    const member = await assignMember(tx, here.repo, item, { role: 'builder', agent: 'scripted', fresh: false })
    const run = await addRun(tx, item.id, { agent: 'scripted', feedback: '', cleanWorktree: false })
    await tx.db
      .update(runs)
      .set({ stage: 'agent', ...member })
      .where(eq(runs.id, run.id))
    return run
  })
}

/** A planner has asked before it plans. */
async function asked(here: Here): Promise<undefined> {
  await queued(here)
  await here.go('planning')
  const item = await here.item()
  await here.store.transaction((tx) => addRound(tx, item, ['Only the public API?', 'Also the old one?']))
  await here.go('asking')
}

/** A plan waits for a decision. */
async function planned(here: Here): Promise<undefined> {
  await queued(here)
  await here.go('planning')
  const item = await here.item()
  await here.store.transaction(async (tx) => {
    const run = await addRun(tx, item.id, { agent: 'scripted', feedback: '', cleanWorktree: false, purpose: 'plan' })
    await tx.db.update(runs).set({ stage: 'ended', outcome: 'planned' }).where(eq(runs.id, run.id))
    await addPlan(tx, item, plan, run.id)
  })
  await here.go('plan-review')
}

const plan: PlanOrBreakdown = {
  ...{ kind: 'plan', summary: 'A clock.', steps: ['Build it'], inScope: [], outOfScope: [], paths: ['src/clock.ts'] },
  ...{ effort: 'L', risk: 'low', risks: [], confidence: 0.9 },
}
