/**
 * A kill at every durable step: one issue after another is carried from its label to its merge, and each time the
 * process is killed at another moment: right after the database has committed something, and right after GitHub has
 * applied a write, in both cases before the process hears of it. Which moments there are is seen in a first journey
 * without a kill.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { IssueRecord } from '../../src/playground/github/model.ts'
import { countFacts, pullsOf } from './facts.ts'
import { isOffered } from './people.ts'
import type { StatementProxy } from './statement-proxy.ts'
import type { ChaosWorld } from './world.ts'

/** A moment at which the process is killed. */
export interface CrashPoint {
  /** Where the step is made durable. */
  at: 'database' | 'GitHub'
  /** What the step is: the tables a transaction has written, or the route of a request. */
  step: string
  /** The how manieth of this step since the issue was labelled, from 1. */
  nth: number
}

export interface SweepResult {
  /** Moments at which the process was killed. */
  kills: number
  /** Moments that did not come in their own journey: what runs beside each other is not always in the same order. */
  missed: CrashPoint[]
  lost: number
  doubled: number
  stuck: number
  details: string[]
}

/** How long one journey may take, in ms; one takes three seconds. */
const patienceMs = 90_000
/** A person says it again after so long, in ms. */
const againMs = 15_000
/** After the merge, the last steps come within this time, in ms. */
const afterMs = 1_000

/**
 * Kills at every moment, or at a choice of them.
 * @param options.choose which of all moments are tried, in order.
 * @param options.say told about each, in a line.
 */
export async function sweep(
  world: ChaosWorld,
  proxy: StatementProxy,
  options: { choose: (points: CrashPoint[]) => CrashPoint[]; say: (line: string) => void },
): Promise<SweepResult> {
  await world.tutti.start()
  const all = await seenMoments(world, proxy)
  const points = options.choose(all)
  options.say(`${all.length} moments, ${points.length} of them are tried`)
  const missed: CrashPoint[] = []
  for (const [index, point] of points.entries()) {
    const started = performance.now()
    const issue = await world.addIssue()
    const kill = killAt(world, proxy, point)
    await carry(world, issue)
    if (!(await kill.end())) missed.push(point)
    const seconds = ((performance.now() - started) / 1_000).toFixed(1)
    options.say(`${index + 1}/${points.length} ${nameOf(point)}: #${issue.number} merged after ${seconds} s`)
  }
  await world.stop()
  const { lost, doubled, stuck, details } = countFacts(world)
  return { kills: points.length - missed.length, missed, lost, doubled, stuck, details }
}

/** `commit of update runs (stage), 2nd time`: for people. */
export function nameOf({ at, step, nth }: CrashPoint): string {
  return `${at === 'GitHub' ? `${step} is applied` : `commit of ${step}`}${nth > 1 ? `, time ${nth}` : ''}`
}

/** Carries one issue through, and notes every durable step on the way. */
async function seenMoments(world: ChaosWorld, proxy: StatementProxy): Promise<CrashPoint[]> {
  // The first journey of a repository has steps that the later ones do not have.
  await carry(world, await world.addIssue())
  const { github } = world
  const [calls, requests] = [github.calls.length, github.gitRequests.length]
  const steps: Omit<CrashPoint, 'nth'>[] = []
  proxy.onStep = (step) => {
    steps.push({ at: 'database', step })
    return false
  }
  await carry(world, await world.addIssue())
  proxy.onStep = undefined
  for (const { route, write, minting } of github.calls.slice(calls))
    if (write && !minting) steps.push({ at: 'GitHub', step: route })
  for (const { route } of github.gitRequests.slice(requests))
    if (route.startsWith('POST') && route.endsWith('git-receive-pack')) steps.push({ at: 'GitHub', step: route })
  const seen = new Map<string, number>()
  return steps.map((one) => {
    const key = `${one.at} ${one.step}`
    const nth = (seen.get(key) ?? 0) + 1
    seen.set(key, nth)
    return { ...one, nth }
  })
}

/** Waits for the moment, kills the process, and starts it again. */
function killAt(world: ChaosWorld, proxy: StatementProxy, point: CrashPoint) {
  let restarted: Promise<void> | undefined
  const kill = () => {
    disarm()
    restarted = world.tutti.kill('SIGKILL').then(() => world.tutti.start())
  }
  const disarm = point.at === 'database' ? armDatabase(proxy, point, kill) : armGitHub(world, point, kill)
  return {
    /** @returns whether the moment came. */
    end: async () => {
      disarm()
      await restarted
      return restarted !== undefined
    },
  }
}

function armDatabase(proxy: StatementProxy, { step, nth }: CrashPoint, kill: () => void): () => void {
  let seen = 0
  proxy.onStep = (done) => {
    if (done !== step || ++seen !== nth) return false
    kill()
    return true
  }
  return () => {
    proxy.onStep = undefined
  }
}

function armGitHub(world: ChaosWorld, { step, nth }: CrashPoint, kill: () => void): () => void {
  const rule = world.github.faults.api({ route: step, nth, fault: { kind: 'apply-then-hang' } })
  let armed = true
  void world.github
    .until(() => !armed || rule.fired > 0, nameOf({ at: 'GitHub', step, nth }), patienceMs)
    .then(
      () => armed && kill(),
      () => {},
    )
  return () => {
    armed = false
    rule.remove()
  }
}

/** A person labels the issue, approves what is proposed and says `/merge`, again when it is not heard. */
async function carry(world: ChaosWorld, issue: IssueRecord): Promise<void> {
  const maintainer = world.github.as('maintainer')
  const repository = world.repositoryOf(issue)
  await maintainer.addLabels(repository, issue.number, ['tutti'])
  const deadline = performance.now() + patienceMs
  let saidAt = Number.NEGATIVE_INFINITY
  while (!isDone(world, issue) && performance.now() < deadline) {
    const pull = pullsOf(world, issue).find((one) => one.state === 'open')
    if (pull && isOffered(issue, pull) && performance.now() - saidAt > againMs) {
      saidAt = performance.now()
      await maintainer.review(repository, pull.number, { state: 'APPROVED' })
      await maintainer.comment(repository, pull.number, '/merge')
    }
    await world.github
      .until(() => isDone(world, issue) || hasNewOffer(world, issue, saidAt), 'the next step', 1_000)
      .catch(() => {})
  }
  // The last steps come after the merge, and none of them shows at GitHub.
  await sleep(afterMs)
}

function isDone(world: ChaosWorld, issue: IssueRecord): boolean {
  return countFacts({ ...world, issues: [issue] }).resting === 1
}

/** A pull request is offered that no one has said anything about yet. */
function hasNewOffer(world: ChaosWorld, issue: IssueRecord, saidAt: number): boolean {
  return saidAt < 0 && pullsOf(world, issue).some((pull) => pull.state === 'open' && isOffered(issue, pull))
}
