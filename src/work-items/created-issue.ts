/** The issue that an effect has made, as the rest of the house knows issues. */

import type { EffectRow } from '../db/outbox.ts'
import type { EffectOf } from '../domain/effects.ts'
import type { IssueToQueue } from './enqueue-issue.ts'

/** @returns undefined when it could not be made. */
export function createdIssue(effect: EffectRow): (IssueToQueue & { id: number }) | undefined {
  const { number, id, url, title, body } = effect.result ?? {}
  if (effect.state !== 'done' || typeof number !== 'number' || typeof id !== 'number') return undefined
  const wanted = effect.payload as EffectOf<'create-issue'>['payload']
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise)
  return {
    number,
    id,
    url: text(url, ''),
    title: text(title, wanted.title),
    body: text(body, wanted.body),
    labels: wanted.labels,
  }
}
