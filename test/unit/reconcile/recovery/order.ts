/**
 * Webhooks come late, twice, in any order, or never. Whatever happens to them, the end is the one that all events in
 * their order would have led to.
 */

import { describe, expect, test } from 'vitest'
import { pullByNumber } from '../../../../src/db/pull-requests.ts'
import { reconcile } from '../../../../src/reconcile/reconcile.ts'
import { commit, type Hook } from '../../../support/fake-github.ts'
import { Stage } from '../../../support/webhook-stage.ts'

describe('order', () => {
  /** Acts on GitHub, in order; returns the webhooks. The first issue is #1, a pull request of it #2. */
  type Story = (stage: Stage) => Hook[]

  const issueStories: Record<string, Story> = {
    'on and off and on again': ({ people, maintainer }) => [
      people.label(1, 'tutti', maintainer),
      people.unlabel(1, 'tutti', maintainer),
      people.label(1, 'tutti', maintainer),
    ],
    'on, off, closed, on while closed': ({ people, maintainer }) => [
      people.label(1, 'tutti', maintainer),
      people.unlabel(1, 'tutti', maintainer),
      people.close(1, maintainer),
      people.label(1, 'tutti', maintainer),
    ],
    'on, closed, opened again, off': ({ people, maintainer }) => [
      people.label(1, 'tutti', maintainer),
      people.close(1, maintainer),
      people.reopen(1, maintainer),
      people.unlabel(1, 'tutti', maintainer),
    ],
  }

  const pullStories: Record<string, Story> = {
    'a person pushes and merges': ({ people, maintainer }) => [
      people.review(2, 'approved', maintainer),
      people.pushTo(2, maintainer),
      people.mergePull(2, maintainer),
      people.close(1, maintainer),
    ],
    'closed and opened again': ({ people, maintainer }) => [
      people.closePull(2, maintainer),
      people.reopenPull(2, maintainer),
    ],
    'a push, then changes are requested': ({ people, maintainer }) => [
      people.pushTo(2, maintainer),
      people.review(2, 'changes_requested', maintainer),
    ],
  }

  async function withIssue(): Promise<Stage> {
    const stage = await Stage.open()
    await stage.withSettings()
    stage.people.createIssue(stage.outsider)
    return stage
  }

  async function withPull(): Promise<Stage> {
    const stage = await Stage.open()
    await stage.pullOf(await stage.issueIn('reviewing'), commit())
    return stage
  }

  /** What counts at the end. Nothing under way is nothing under way, whether there ever was an item or not. */
  async function outcome(stage: Stage) {
    const item = await stage.maybeItem(1)
    const pull = await pullByNumber(stage.store.db, (await stage.repo()).id, 2)
    const idle = item === undefined || item.state === 'cancelled'
    return { item: idle ? 'nothing' : item.state, pull: pull && [pull.state, pull.headSha === truth(stage)] }
  }

  const truth = (stage: Stage) => stage.repository.pulls.get(2)?.headSha

  function* permutations<T>(all: readonly T[]): Generator<T[]> {
    if (all.length <= 1) yield [...all]
    for (const [index, first] of all.entries()) {
      if (all.length <= 1) return
      for (const rest of permutations([...all.slice(0, index), ...all.slice(index + 1)])) yield [first, ...rest]
    }
  }

  for (const [open, stories] of [
    [withIssue, issueStories],
    [withPull, pullStories],
  ] as const) {
    for (const [name, story] of Object.entries(stories)) {
      test(`${name}: every order ends the same`, async () => {
        const sorted = await open()
        for (const hook of story(sorted)) await sorted.deliver(hook)
        const expected = await outcome(sorted)
        const count = story(await open()).length
        const orders = [...permutations([...Array(count).keys()])]
        // Of the 24 orders of four events every third: each costs a repository of its own.
        for (const order of orders.filter((_, index) => orders.length <= 6 || index % 3 === 2)) {
          const stage = await open()
          const hooks = story(stage)
          for (const index of order) await stage.deliver(hooks[index] ?? { event: '', payload: {} })
          expect(await outcome(stage), `order ${order}`).toEqual(expected)
        }
      })

      test(`${name}: whatever is lost, the reconcile ends the same`, async () => {
        const lossless = await open()
        for (const hook of story(lossless)) await lossless.deliver(hook)
        const expected = await outcome(lossless)
        const count = story(await open()).length
        for (let mask = 0; mask < 2 ** count - 1; mask++) {
          const stage = await open()
          for (const [index, hook] of story(stage).entries()) if (mask & (1 << index)) await stage.deliver(hook)
          await reconcile(stage.parts)
          expect(await outcome(stage), `heard ${mask.toString(2).padStart(count, '0')}`).toEqual(expected)
        }
      })
    }
  }
})
