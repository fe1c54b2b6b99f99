/** Deliveries that never arrived are asked for again. */

import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { storeDeliveries } from '../../../../src/db/deliveries.ts'
import { idempotencyKeys } from '../../../../src/db/schema/deliveries.ts'
import { NotFound } from '../../../../src/github/github.ts'
import { redeliverMissed } from '../../../../src/reconcile/redeliver.ts'
import { Stage, theStore } from '../../../support/webhook-stage.ts'

describe('sweep', () => {
  beforeEach(async () => {
    await theStore().db.delete(idempotencyKeys)
  })

  let nextId = 1
  const delivery = (statusCode: number, agoMinutes: number, deliveryId: string = randomUUID()) => ({
    id: nextId++,
    deliveryId,
    event: 'issues',
    deliveredAt: new Date(Date.now() - agoMinutes * 60_000),
    statusCode,
    redelivery: false,
  })

  const later = (minutes: number) => new Date(Date.now() + minutes * 60_000)

  test('what failed and is not in the inbox is delivered again, oldest first; the rest is left alone', async () => {
    const stage = await Stage.open()
    const stored = delivery(503, 5)
    const row = { deliveryId: stored.deliveryId, event: 'issues', payload: '{}' }
    await storeDeliveries(stage.store, [row])
    const late = delivery(502, 2)
    const early = delivery(0, 60)
    const tooOld = delivery(500, 4 * 24 * 60)
    stage.github.listed = [delivery(202, 1), late, stored, delivery(200, 10), early, tooOld]
    expect(await redeliverMissed(stage.parts)).toEqual({ listed: 5, missed: 2, redelivered: 2, degraded: false })
    expect(stage.github.redelivered).toEqual([early.id, late.id])
  })

  test('only the last attempt of a delivery counts', async () => {
    const stage = await Stage.open()
    const first = delivery(502, 30)
    const failedAgain = delivery(502, 20)
    stage.github.listed = [
      delivery(202, 10, first.deliveryId),
      first,
      delivery(502, 5, failedAgain.deliveryId),
      failedAgain,
    ]
    await redeliverMissed(stage.parts)
    expect(stage.github.redelivered).toEqual([stage.github.listed[2]?.id])
  })

  test('the next sweep starts where the last one ended', async () => {
    const stage = await Stage.open()
    const asked: Date[] = []
    const list = stage.github.deliveries.bind(stage.github)
    stage.github.deliveries = (since, onPage) => {
      asked.push(since)
      return list(since, onPage)
    }
    const now = new Date()
    await redeliverMissed(stage.parts, now)
    await redeliverMissed(stage.parts, new Date(now.getTime() + 300_000))
    const ago = asked.map((since) => (now.getTime() - since.getTime()) / 60_000)
    expect(ago).toEqual([3 * 24 * 60, 10])
  })

  test('a sweep that failed is made up for by the next one', async () => {
    const stage = await Stage.open()
    stage.github.listed = [delivery(500, 30)]
    stage.github.failing.set('redeliver', new Error('502'))
    await expect(redeliverMissed(stage.parts)).rejects.toThrow('502')
    stage.github.failing.clear()
    expect(await redeliverMissed(stage.parts, later(5))).toMatchObject({ redelivered: 1 })
  })

  test('one delivery that GitHub cannot send again does not keep the others, and does not for ever begin the list', async () => {
    const stage = await Stage.open()
    const [broken, fine] = [delivery(500, 30), delivery(500, 20)]
    stage.github.listed = [fine, broken]
    const redeliver = stage.github.redeliver.bind(stage.github)
    stage.github.redeliver = async (id) => {
      if (id === broken.id) throw new Error('500')
      return redeliver(id)
    }
    await expect(redeliverMissed(stage.parts)).rejects.toThrow('500')
    expect(stage.github.redelivered).toEqual([fine.id])
    for (let round = 1; round <= 2; round++) await redeliverMissed(stage.parts, later(5 * round)).catch(() => {})
    expect(await redeliverMissed(stage.parts, later(15))).toMatchObject({ redelivered: 0 })
  })

  test('a delivery that fails every time, and one that GitHub has no longer, do not go on for ever', async () => {
    const stage = await Stage.open()
    stage.github.listed = [delivery(500, 1)]
    for (let round = 0; round < 6; round++) await redeliverMissed(stage.parts, later(1.5 * round))
    expect(stage.github.redelivered).toHaveLength(3)
    stage.github.listed = [delivery(500, 1)]
    stage.github.failing.set('redeliver', new NotFound('gone'))
    expect(await redeliverMissed(stage.parts)).toMatchObject({ missed: 1, redelivered: 0 })
  })

  test('what failed lately is asked for again although the list is never read to its end', async () => {
    const stage = await Stage.open()
    stage.github.pageSize = 2
    const [failed, older] = [delivery(502, 2), delivery(502, 9)]
    stage.github.listed = [delivery(202, 1), failed, delivery(202, 3), delivery(202, 4), older]
    const list = stage.github.deliveries.bind(stage.github)
    stage.github.deliveries = (since, onPage) => {
      let pages = 0
      return list(since, async (page) => {
        if (++pages > 2) throw new Error('the process is ended')
        await onPage(page)
      })
    }
    await expect(redeliverMissed(stage.parts)).rejects.toThrow('the process is ended')
    expect(stage.github.redelivered).toEqual([failed.id])
    // One that is read to its end makes up for the rest.
    stage.github.deliveries = list
    await redeliverMissed(stage.parts, later(5))
    expect(stage.github.redelivered).toContain(older.id)
  })

  test('the last attempt counts although an earlier one stands on a later page', async () => {
    const stage = await Stage.open()
    stage.github.pageSize = 1
    const first = delivery(502, 30)
    stage.github.listed = [delivery(202, 10, first.deliveryId), first]
    expect(await redeliverMissed(stage.parts)).toMatchObject({ listed: 2, missed: 0 })
  })

  test('two processes that look at the same time ask once, and no process asks again at once', async () => {
    const stage = await Stage.open()
    const failed = delivery(502, 1)
    stage.github.listed = [failed]
    await Promise.all([redeliverMissed(stage.parts), redeliverMissed(stage.parts)])
    await redeliverMissed(stage.parts)
    expect(stage.github.redelivered).toEqual([failed.id])
    await redeliverMissed(stage.parts, later(1))
    await redeliverMissed(stage.parts, later(1.2))
    expect(stage.github.redelivered).toEqual([failed.id, failed.id])
  })

  test('a server without the list is no error', async () => {
    const stage = await Stage.open()
    stage.github.listed = undefined
    expect(await redeliverMissed(stage.parts)).toMatchObject({ degraded: true })
  })
})
