/** The result of an agent has passed the gates: what its item has to teach is remembered for later ones. */

import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { recordOf } from '../db/lessons.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { getRun } from '../db/runs.ts'
import { getItem, type ItemRow } from '../db/work-items.ts'
import { tellingLines } from '../domain/memory.ts'
import { settingsWithWorkflow } from '../domain/workflows.ts'
import { singleLine } from '../lib/sanitise.ts'
import * as messages from '../messages/memory.ts'
import { memoryFor, type Rememberer } from './memory.ts'

interface LearningServices {
  store: Store
  redact(text: string): string
}

const mostFailures = 5
const mostPaths = 5

/** Handler of the `capture-learnings` queue. Learned twice is remembered once. */
export async function captureLearnings({ store, redact }: LearningServices, job: { runId: number }): Promise<void> {
  await store.transaction(async (tx) => {
    const run = await getRun(tx.db, job.runId)
    const item = run && (await getItem(tx.db, run.workItemId))
    if (!run || !item) return
    const { repositoryId, issueNumber } = item
    const byGate = { repositoryId, memberId: run.memberId, source: 'gate' as const, issueNumber, redact }
    await learnFromGates(tx, item, byGate)
    await learnFromPeople(tx, item, { repositoryId, memberId: null, issueNumber, redact })
  })
}

/** Which checks there are, and which of them failed before the change that passes. */
async function learnFromGates(tx: Tx, item: ItemRow, whose: Rememberer): Promise<void> {
  const repo = await getRepository(tx.db, item.repositoryId)
  const { gates } = settingsWithWorkflow(settingsOf(repo), item.loop)
  const memory = memoryFor(tx, whose)
  // How a check is called belongs to the repository, not to an issue or a member.
  const shared = memoryFor(tx, { ...whose, memberId: null, issueNumber: undefined })
  for (const { name, run } of gates.commands) await shared.noteContext(messages.gateCommandWorks(name, run), 'checks')
  const { failed, paths } = await recordOf(tx.db, item.id)
  const different = new Map(failed.map((one) => [`${one.gate} ${tellingLines(one.log) || one.summary}`, one]))
  for (const { summary, log } of [...different.values()].slice(-mostFailures)) {
    const text = messages.gateFailedFirst(singleLine(summary), tellingLines(log), paths.slice(0, mostPaths))
    await memory.recordInsight(text, { fromMistake: true })
  }
}

/** What people have asked for, answered and refused is theirs: it counts as their word, for the whole crew. */
async function learnFromPeople(
  tx: Tx,
  item: ItemRow,
  whose: Omit<Rememberer, 'source' | 'confirmedBy'>,
): Promise<void> {
  const { asked, answered, rejected } = await recordOf(tx.db, item.id)
  const wordOf = (login: string | null) =>
    memoryFor(tx, { ...whose, source: 'person', ...(login ? { confirmedBy: login } : {}) })
  for (const { author, path, body } of asked)
    await wordOf(author).discoverPreference(messages.reviewerAsked(oneLine(body), path), 'review')
  for (const { asked: questions, answer, by } of answered)
    await wordOf(by).noteContext(messages.questionAnswered(questions, oneLine(answer)), 'a question')
  for (const { why, by } of rejected)
    if (why) await wordOf(by).discoverPreference(messages.planRejected(oneLine(why)), 'plans')
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

export const captureLearningsJob = defineJob(
  { queue: 'capture-learnings', payload: z.object({ runId: z.number().int() }) },
  captureLearnings,
)
