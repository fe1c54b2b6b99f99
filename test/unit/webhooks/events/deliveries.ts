/** A job speaks of several deliveries. */

import { randomUUID } from 'node:crypto'
import { type SQL, sql } from 'drizzle-orm'
import { describe, expect, test, vi } from 'vitest'
import { readEnv } from '../../../../src/config/env.ts'
import { getDelivery, storeDeliveries } from '../../../../src/db/deliveries.ts'
import { RetryAfter } from '../../../../src/lib/errors.ts'
import { prune } from '../../../../src/reconcile/prune.ts'
import { processDelivery } from '../../../../src/webhooks/process-delivery.ts'
import type { Hook } from '../../../support/fake-github.ts'
import { Stage } from '../../../support/webhook-stage.ts'

describe('deliveries', () => {
  async function three() {
    const stage = await Stage.open()
    const { people, maintainer } = stage
    const issues = [1, 2, 3].map(() => people.createIssue(stage.outsider))
    const deliveryIds = await store(
      stage,
      issues.map(({ number }) => people.label(number, 'tutti', maintainer)),
    )
    const states = async () => {
      const items = await Promise.all(issues.map(({ number }) => stage.maybeItem(number)))
      return items.map((item) => item?.state)
    }
    return { stage, deliveryIds, states }
  }

  async function store(stage: Stage, hooks: Hook[]): Promise<string[]> {
    const rows = hooks.map((hook) => ({
      deliveryId: randomUUID(),
      event: hook.event,
      payload: JSON.stringify(hook.payload),
    }))
    await storeDeliveries(stage.store, rows)
    return rows.map((row) => row.deliveryId)
  }

  test('they are worked through, and those settled before are left alone', async () => {
    const { stage, deliveryIds, states } = await three()
    await processDelivery(stage.parts, { deliveryIds })
    expect(await states()).toEqual(['queued', 'queued', 'queued'])
    await processDelivery(stage.parts, { deliveryIds: [...deliveryIds, 'unknown'] })
    expect(stage.github.asked).toHaveLength(3)
  })

  test('one that fails does not hold up the others, and fails the job', async () => {
    const { stage, deliveryIds, states } = await three()
    const read = stage.github.repository.bind(stage.github)
    let calls = 0
    stage.github.repository = (repo) => ({
      ...read(repo),
      permission: async (actor) => {
        if (++calls === 2) throw new Error('502')
        return read(repo).permission(actor)
      },
    })
    await expect(processDelivery(stage.parts, { deliveryIds })).rejects.toThrow('could not be asked')
    expect(await states()).toEqual(['queued', undefined, 'queued'])
    await processDelivery(stage.parts, { deliveryIds })
    expect(await states()).toEqual(['queued', 'queued', 'queued'])
  })

  test('a pause that GitHub asks for ends the round; nothing is marked as failed', async () => {
    const { stage, deliveryIds, states } = await three()
    const pause = new RetryAfter('GitHub asked for a pause', new Date(Date.now() + 60_000))
    stage.github.failing.set('permission', Object.assign(new Error('wrapped'), { cause: pause }))
    await expect(processDelivery(stage.parts, { deliveryIds }, { last: true })).rejects.toBe(pause)
    expect(stage.github.asked).toHaveLength(1)
    expect(await states()).toEqual([undefined, undefined, undefined])
    const rows = await Promise.all(deliveryIds.map((id) => getDelivery(stage.store.db, id)))
    expect(rows.map((row) => row?.state)).toEqual(['stored', 'stored', 'stored'])
  })

  test('what is left after five minutes is handed on to another job', async () => {
    const { stage, deliveryIds, states } = await three()
    const read = stage.github.repository.bind(stage.github)
    const ticks = performance.now.bind(performance)
    let slow = 0
    stage.github.repository = (repo) => ({
      ...read(repo),
      permission: (actor) => {
        slow = 6 * 60_000
        return read(repo).permission(actor)
      },
    })
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => ticks() + slow)
    try {
      await processDelivery(stage.parts, { deliveryIds })
    } finally {
      clock.mockRestore()
    }
    expect(await states()).toEqual(['queued', undefined, undefined])
    const result = await stage.store.db.execute(
      sql`select data->'deliveryIds' as ids from pgboss.job where name = 'process-delivery' order by created_on desc limit 1`,
    )
    expect((result as unknown as { rows: unknown[] }).rows).toEqual([{ ids: deliveryIds.slice(1) }])
  })
})

describe('what means nothing', () => {
  test('unknown events and actions are ignored, and the note says so', async () => {
    const stage = await Stage.open()
    const note = async (event: string, payload: unknown) => {
      const row = await stage.deliver({ event, payload: payload as Record<string, unknown> })
      expect(row.state, event).toBe('ignored')
      return row.note
    }
    expect(await note('star', { action: 'created' })).toBe('the event star means nothing here')
    expect(await note('constructor', {})).toBe('the event constructor means nothing here')
    expect(await note('error', {})).toBe('the event error means nothing here')
    const pinned = stage.people.hook('issues', 'pinned', stage.maintainer, {})
    expect(await note('issues', pinned.payload)).toBe('issues pinned means nothing here')
    const own = stage.people.label(stage.people.createIssue(stage.outsider).number, 'tutti', stage.github.self)
    expect(await note('issues', own.payload)).toBe('issues labeled means nothing here')
    for (const payload of [null, [], 'x', 7, { action: { toString: 1 } }, { installation: { id: 'x' } }])
      expect(await note('issues', payload)).toContain('lacks what is needed')
    expect(await note('issues', { ...own.payload, action: 'closed', issue: null })).toContain('lacks what is needed')
  })
})

describe('a delivery that comes again a year later, when nothing remembers it', () => {
  const acts: [string, (stage: Stage, issue: number) => Hook][] = [
    ['a label', ({ people, maintainer }, issue) => people.label(issue, 'tutti', maintainer)],
    ['a command', ({ people, maintainer }, issue) => people.comment(issue, '/queue', maintainer)],
    ['a reopened issue', ({ people, maintainer }, issue) => people.reopen(issue, maintainer)],
  ]

  test.each(acts)('%s does nothing', async (_, act) => {
    const stage = await Stage.open()
    const { db } = stage.store
    const item = await stage.issueIn('merging')
    await stage.moveTo(item, 'done')
    const deliveryId = randomUUID()
    const hook = act(stage, item.issueNumber)
    await stage.deliver(hook, { deliveryId })
    await stage.moveTo(await stage.item(item.issueNumber), 'cancelled').catch(() => {})
    await db.execute(sql`update deliveries set received_at = received_at - interval '1 year'`)
    await db.execute(sql`update idempotency_keys set created_at = created_at - interval '1 year'`)
    await prune({ store: stage.store, log: stage.parts.log, env: readEnv({}) })
    expect(await getDelivery(db, deliveryId)).toBeUndefined()

    const traces = async () => {
      const read = (query: SQL) => db.execute(query) as unknown as Promise<{ rows: unknown[] }>
      const items = await read(sql`select issue_number, state, updated_at from work_items order by id`)
      const effects = await read(sql`select key from effects order by id`)
      return { items: items.rows, effects: effects.rows }
    }
    const before = await traces()
    await storeDeliveries(stage.store, [{ deliveryId, event: hook.event, payload: JSON.stringify(hook.payload) }])
    await db.execute(
      sql`update deliveries set received_at = now() + interval '1 year' where delivery_id = ${deliveryId}`,
    )
    await processDelivery(stage.parts, { deliveryIds: [deliveryId] })
    expect(await traces()).toEqual(before)
    expect(await getDelivery(db, deliveryId)).toMatchObject({
      state: 'ignored',
      note: expect.stringContaining('too long before it was delivered'),
    })
  })
})
