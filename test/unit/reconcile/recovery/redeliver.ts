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
    stage.github.deliveries = (since) => {
      asked.push(since)
      return list(since)
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
    expect(await redeliverMissed(stage.parts)).toMatchObject({ redelivered: 1 })
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
    for (let round = 0; round < 2; round++) await redeliverMissed(stage.parts).catch(() => {})
    expect(await redeliverMissed(stage.parts)).toMatchObject({ redelivered: 0 })
  })

  test('a delivery that fails every time, and one that GitHub has no longer, do not go on for ever', async () => {
    const stage = await Stage.open()
    stage.github.listed = [delivery(500, 1)]
    for (let round = 0; round < 6; round++) await redeliverMissed(stage.parts)
    expect(stage.github.redelivered).toHaveLength(3)
    stage.github.listed = [delivery(500, 1)]
    stage.github.failing.set('redeliver', new NotFound('gone'))
    expect(await redeliverMissed(stage.parts)).toMatchObject({ missed: 1, redelivered: 0 })
  })

  test('a server without the list is no error', async () => {
    const stage = await Stage.open()
    stage.github.listed = undefined
    expect(await redeliverMissed(stage.parts)).toMatchObject({ degraded: true })
  })
})
