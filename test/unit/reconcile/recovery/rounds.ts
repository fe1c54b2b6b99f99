/** The rounds of several processes on one database: GitHub is asked about as often as for one of them. */

import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { readEnv } from '../../../../src/config/env.ts'
import { idempotencyKeys } from '../../../../src/db/schema/deliveries.ts'
import { repositories } from '../../../../src/db/schema/repositories.ts'
import { currentMs, setCurrentTime } from '../../../../src/lib/clock.ts'
import { RetryAfter } from '../../../../src/lib/errors.ts'
import { createSweep } from '../../../../src/reconcile/sweep.ts'
import { Stage, theStore } from '../../../support/webhook-stage.ts'

const minutes = (count: number) => setCurrentTime(currentMs() + count * 60_000)

async function counting() {
  onTestFinished(() => setCurrentTime(undefined))
  minutes(0)
  const stage = await Stage.open()
  const count = (verb: string) => stage.github.asked.filter((one) => one === verb).length
  // The comparison of a repository asks for those with its label, and for roadmaps.
  const asked = () => ({ deliveries: count('deliveries'), comparisons: count('issuesLabelled') / 2 })
  const env = readEnv({ SWEEP_MINUTES: '4', IDLE_SWEEP_MINUTES: '4' })
  return { stage, asked, start: () => createSweep({ ...stage.parts, env }) }
}

/** Two of them, each after its first round, a minute apart. */
async function twoStarted() {
  const { asked, start } = await counting()
  const [one, other] = [start(), start()]
  await one()
  minutes(1)
  await other()
  return { asked, one, other }
}

describe('rounds', () => {
  beforeEach(async () => {
    await theStore().db.delete(idempotencyKeys)
    await theStore().db.update(repositories).set({ state: 'gone' })
  })

  test('each looks at everything when it starts, and afterwards at what no other has just looked at', async () => {
    const { asked, one, other } = await twoStarted()
    expect(asked()).toEqual({ deliveries: 2, comparisons: 2 })
    await one()
    await other()
    expect(asked()).toEqual({ deliveries: 2, comparisons: 2 })
    for (let round = 3; round < 6; round++) {
      minutes(4)
      await one()
      await other()
      expect(asked()).toEqual({ deliveries: round, comparisons: round })
    }
  })

  test('where one of them is gone, the other looks in time', async () => {
    const { asked, one, other } = await twoStarted()
    minutes(3)
    await one()
    minutes(4)
    await other()
    expect(asked()).toEqual({ deliveries: 4, comparisons: 4 })
  })

  test('one alone looks at everything each time', async () => {
    const { asked, start } = await counting()
    const one = start()
    for (let round = 1; round < 4; round++) {
      await one()
      expect(asked()).toEqual({ deliveries: round, comparisons: round })
      minutes(4)
    }
  })

  test('one that GitHub has stopped goes on as soon as it is asked again', async () => {
    const { stage, asked, start } = await counting()
    const one = start()
    stage.github.failing.set('deliveries', new RetryAfter('a pause', new Date(currentMs() + 1_000)))
    await one()
    stage.github.failing.clear()
    await one()
    expect(asked().deliveries).toBe(2)
    await one()
    expect(asked().deliveries).toBe(2)
  })
})
