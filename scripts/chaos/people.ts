/** The maintainer: writes and labels issues, approves each pull request and says `/merge`, and says it again when unheard. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { IssueRecord, PullIssue } from '../../src/playground/github/model.ts'
import { pullsOf } from './facts.ts'
import type { Random } from './random.ts'
import type { ChaosWorld } from './world.ts'

/** After this long without a reaction a person says it again, in ms; then after twice as long, and so on. */
const patienceMs = 40_000
/** The longest pause, in ms. Who asks a busy service again and again only gives it more to do. */
const longestMs = 320_000

export interface PeopleOptions {
  random: Random
  /** How many issues they write. */
  items: number
  /** How many of them may be open at once. */
  atOnce?: number
}

export interface People {
  /** How often something had to be said again, since GitHub had lost it. */
  askedAgain(): number
  /** They write no more issues. */
  stopLabelling(): void
  /** Every issue that they will write is written and labelled. */
  labelledAll(): boolean
  end(): Promise<void>
}

/** Labels one issue after another, and reviews what is proposed. */
export function startPeople(world: ChaosWorld, { random, items, atOnce = items }: PeopleOptions): People {
  const maintainer = world.github.as('maintainer')
  const said = new Map<PullIssue, { at: number; head: string; times: number }>()
  const open = new Set<IssueRecord>()
  let again = 0
  let going = true
  let wanted = items

  async function label(): Promise<void> {
    while (world.issues.length < wanted && going) {
      if (open.size < atOnce) {
        const issue = await world.addIssue()
        open.add(issue)
        await maintainer.addLabels(world.repositoryOf(issue), issue.number, ['tutti'])
      }
      await sleep(random.between(0, 500))
    }
  }

  async function merge(issue: IssueRecord, pull: PullIssue): Promise<void> {
    const repository = world.repositoryOf(issue)
    const head = pull.pull.headSha
    await maintainer.review(repository, pull.number, { state: 'APPROVED' })
    await maintainer.comment(repository, pull.number, '/merge')
    const before = said.get(pull)
    if (before) again++
    const times = before?.head === head ? before.times + 1 : 1
    said.set(pull, { at: performance.now(), head, times })
  }

  async function review(issue: IssueRecord): Promise<void> {
    const pull = pullsOf(world, issue).find((one) => one.state === 'open')
    if (!pull || !isOffered(issue, pull)) return
    const last = said.get(pull)
    if (last && last.head === pull.pull.headSha && performance.now() - last.at < pauseAfter(last.times)) return
    await merge(issue, pull)
  }

  const labelling = label()
  const reviewing = (async () => {
    while (going) {
      for (const issue of open) {
        if (issue.state === 'open') await review(issue)
        else open.delete(issue)
      }
      await sleep(500)
    }
  })()
  return {
    askedAgain: () => again,
    stopLabelling: () => {
      wanted = 0
    },
    labelledAll: () => world.issues.length >= wanted,
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
