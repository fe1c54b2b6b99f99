/** The scheduler's hands: every decision is stored, and what may start is started. */

import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import { comesApart } from '../config/routing.ts'
import { advance, announce, type ItemRow, saveDecision } from '../store/items.ts'
import type { Tx } from '../store/open.ts'
import { addRun, latestLesson } from '../store/runs.ts'
import { agentFor } from './agent.ts'
import type { Known } from './known.ts'
import type { Decision } from './schedule/decision.ts'
import { reasonsInWords, standingInWords } from './schedule/explain.ts'

/** @returns the run that was started, if one was. */
export async function act(
  { env, log }: { env: Env; log: Logger },
  tx: Tx,
  known: Known,
  decision: Decision,
): Promise<number[]> {
  const item = known.items.get(Number(decision.item.id))
  if (item?.state !== 'ready' && item?.state !== 'planning') return []
  if (item.kind === 'epic' && item.state === 'ready') return []
  if (item.notBefore && item.notBefore > new Date()) return []
  const words = reasonsInWords(decision)
  const { action, reasons, leverage } = decision
  log.debug({ issue: item.issueNumber, action, words }, 'decided')
  const standing = standingInWords(decision)
  const { changed, before } = await saveDecision(tx, {
    workItemId: item.id,
    action,
    reasons,
    words,
    leverage,
    standing,
  })
  if (action === 'wait') {
    const known = before?.action === 'wait' && causes(before.reasons) === causes(reasons)
    if (changed) await announce(tx, item, known ? 'later' : 'soon')
    return []
  }
  return [await start(tx, item, agentFor(item, known.systems.get(item.systemId), env))]
}

async function start(tx: Tx, item: ItemRow, agent: string): Promise<number> {
  const lesson = await latestLesson(tx.db, item.id, item.state === 'planning' ? 'plan' : 'build')
  if (item.state === 'planning') {
    const purpose = comesApart(item.routing) ? 'breakdown' : 'plan'
    return (await addRun(tx, item.id, { agent, purpose, ...lesson })).id
  }
  const run = await addRun(tx, item.id, { agent, ...lesson })
  await advance(tx, item, 'running', { actor: 'tutti', why: `Attempt ${run.attempt} by ${agent}.` })
  return run.id
}

/** How things stand with what holds an item back. It changes all the time, and every edit is a write to GitHub. */
const passing = ['state', 'stage', 'available', 'left', 'leverage', 'hours']

/** What holds an item back, as text that is equal for equal causes, also after the database has sorted the keys. */
function causes(reasons: unknown): string {
  return JSON.stringify(reasons, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const entries = Object.entries(value).filter(([key]) => !passing.includes(key))
    return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
  })
}
