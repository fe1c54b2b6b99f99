import { describe, expect, test } from 'vitest'
import { choose } from '../../../src/scheduler/choose.ts'
import { Schedule } from '../../../src/scheduler/schedule.ts'
import { Model } from '../../support/random-backlog.ts'

/** 40 backlogs of 6 to 45 items, with 60 events each: small ones cover each special case, larger ones combine them. */
const SEEDS = Array.from({ length: 40 }, (_, seed) => seed + 1)

describe('a schedule with applied events decides as choose() does for the whole backlog', () => {
  test.each(SEEDS)('seed %i', (seed) => {
    const model = new Model(seed, 5 + seed)
    const schedule = new Schedule(model.snapshot())
    expect(schedule.decisions()).toEqual(choose(model.snapshot()))
    for (let step = 0; step < 60; step++) {
      const event = model.event()
      model.take(event)
      schedule.apply(event)
      // Not after every event, so that several events are applied at once.
      if (step % 3 === 1) continue
      const expected = choose(model.snapshot())
      const where = `seed ${seed}, step ${step}, after ${JSON.stringify(event)}`
      expect(schedule.next(), where).toEqual(expected.filter(({ action }) => action === 'start'))
      expect(schedule.decisions(), where).toEqual(expected)
      expect(schedule.cycles(), where).toEqual(new Schedule(model.snapshot()).cycles())
    }
  })
})
