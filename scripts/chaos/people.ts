/** The maintainer: labels the issues, approves each pull request and says `/merge`, and says it again when unheard. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { IssueRecord, PullIssue } from '../../src/playground/github/model.ts'
import { pullsOf } from './facts.ts'
import type { Random } from './random.ts'
import type { ChaosWorld } from './world.ts'

/** After this long without a reaction a person says it again, in ms; then after twice as long, and so on. */
const patienceMs = 20_000
/** The longest pause, in ms. Who asks a busy service again and again only gives it more to do. */
const longestMs = 320_000

export interface People {
  /** How often something had to be said again, since GitHub had lost it. */
  askedAgain(): number
  end(): Promise<void>
}

/** Labels one issue after another, and reviews what is proposed. */
export function startPeople(world: ChaosWorld, random: Random): People {
  const maintainer = world.github.as('maintainer')
  const said = new Map<number, { at: number; head: string; times: number }>()
  let again = 0
  let going = true

  async function label(): Promise<void> {
    for (const issue of world.issues) {
      await maintainer.addLabels(world.repository, issue.number, ['tutti'])
      await sleep(random.between(0, 500))
    }
  }

  async function merge(pull: PullIssue): Promise<void> {
    const head = pull.pull.headSha
    await maintainer.review(world.repository, pull.number, { state: 'APPROVED' })
    await maintainer.comment(world.repository, pull.number, '/merge')
    const before = said.get(pull.number)
    if (before) again++
    const times = before?.head === head ? before.times + 1 : 1
    said.set(pull.number, { at: performance.now(), head, times })
  }

  async function review(issue: IssueRecord): Promise<void> {
    const pull = pullsOf(world, issue).find((one) => one.state === 'open')
    if (!pull || !isOffered(issue, pull)) return
    const last = said.get(pull.number)
    if (last && last.head === pull.pull.headSha && performance.now() - last.at < pauseAfter(last.times)) return
    await merge(pull)
  }

  const labelling = label()
  const reviewing = (async () => {
    while (going) {
      for (const issue of world.issues) if (issue.state === 'open') await review(issue)
      await sleep(500)
    }
  })()
  return {
    askedAgain: () => again,
    end: async () => {
      going = false
      await Promise.all([labelling, reviewing])
    },
  }
}

function pauseAfter(times: number): number {
  return Math.min(longestMs, patienceMs * 2 ** (times - 1))
}

/** The status of the issue asks for a review of this head. */
export function isOffered(issue: IssueRecord, pull: PullIssue): boolean {
  const status = issue.comments.findLast((comment) => comment.body.includes('<!-- tutti:status:'))?.body ?? ''
  return status.includes(`#${pull.number}`) && status.includes(pull.pull.headSha.slice(0, 7))
}
