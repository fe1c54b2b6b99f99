/** What cannot be acted on is settled at once: one line in the log, and no second try. */

import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { getDelivery, storeDeliveries } from '../../../../src/db/deliveries.ts'
import { processDelivery } from '../../../../src/webhooks/process-delivery.ts'
import type { Hook } from '../../../support/fake-github.ts'
import { Stage } from '../../../support/webhook-stage.ts'

describe('bad payloads', () => {
  /** Delivers once, as the first of nine tries. */
  async function deliver(stage: Stage, { event, payload }: Hook, change: (text: string) => string = (text) => text) {
    const lines: { level: number; msg: string; why?: string }[] = []
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
    const deliveryId = randomUUID()
    await storeDeliveries(stage.store, [{ deliveryId, event, payload: change(JSON.stringify(payload)) }])
    await processDelivery({ ...stage.parts, log }, { deliveryIds: [deliveryId] })
    return { row: await getDelivery(stage.store.db, deliveryId), lines }
  }

  test.each<[string, (payload: Record<string, unknown>) => unknown]>([
    [
      'an issue number over 2^31',
      (payload) => ({ ...payload, issue: { ...(payload.issue as object), number: 2 ** 31 } }),
    ],
    ['no issue', ({ issue: _, ...rest }) => rest],
    ['a repository without an id', (payload) => ({ ...payload, repository: { full_name: 'acme/app' } })],
    ['an action that is a number', (payload) => ({ ...payload, action: 7 })],
    ['a label that is a list', (payload) => ({ ...payload, label: [] })],
  ])('%s: ignored, and said once', async (_, spoil) => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    const hook = stage.people.label(issue.number, 'tutti', stage.maintainer)
    const { row, lines } = await deliver(stage, { ...hook, payload: spoil(hook.payload) as Hook['payload'] })
    expect(row).toMatchObject({ state: 'ignored', note: expect.stringContaining('lacks what is needed') })
    expect(lines).toMatchObject([{ level: 40, why: row?.note }])
  })

  test('NUL and halves of surrogate pairs are taken out wherever they are, and the event counts', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider, { title: 'A TITLE', body: 'A BODY' })
    const hook = stage.people.label(issue.number, 'tutti', stage.maintainer)
    const { row, lines } = await deliver(stage, hook, (text) =>
      text
        .replaceAll('A TITLE', 'a\\u0000title \\ud83d')
        .replaceAll('A BODY', 'a\\udc00body \\ud83d\\ude80')
        .replaceAll('"labeled"', '"label\\u0000ed"')
        .replaceAll('"tutti"', '"tut\\u0000ti"'),
    )
    expect(row?.state).toBe('done')
    expect(await stage.item(issue.number)).toMatchObject({ title: 'atitle \ufffd', body: 'a\ufffdbody 🚀' })
    expect(lines.filter(({ level }) => level > 30)).toEqual([])
  })

  test('what the database will never take is given up at once', async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    const refused = Object.assign(new Error('index row size exceeds maximum'), { code: '54000' })
    stage.github.failing.set('permission', new Error('a statement failed', { cause: refused }))
    const { row, lines } = await deliver(stage, stage.people.label(issue.number, 'tutti', stage.maintainer))
    expect(row?.state).toBe('failed')
    expect(lines.filter(({ level }) => level > 30)).toHaveLength(1)
  })
})
