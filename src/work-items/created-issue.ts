/** The issue that an effect has created, in the form in which issues are queued. */

import type { EffectRow } from '../db/outbox.ts'
import type { EffectOf } from '../domain/effects.ts'
import type { IssueToQueue } from './enqueue-issue.ts'

/** @returns undefined when it could not be created. */
export function createdIssue(effect: EffectRow): (IssueToQueue & { id: number }) | undefined {
  const { number, id, url, title, body } = effect.result ?? {}
  if (effect.state !== 'done' || typeof number !== 'number' || typeof id !== 'number') return undefined
  const request = effect.payload as EffectOf<'create-issue'>['payload']
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise)
  return {
    number,
    id,
    url: text(url, ''),
    title: text(title, request.title),
    body: text(body, request.body),
    labels: request.labels,
  }
}
