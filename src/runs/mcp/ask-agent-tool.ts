/** The tool by which an agent asks another one and waits for the answer, for a time that has an end. */

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { askMember, closeWait, stateOfWait, type WaitState } from '../../crew/ask.ts'
import { shownMessage } from '../../crew/shown-messages.ts'
import { updateRun } from '../../db/runs.ts'
import type { AnswerWait } from '../../domain/wait-graph.ts'
import { messagesForAgent } from '../../messages/crew-messages.ts'
import * as texts from '../../messages/crew-tools.ts'
import { type CrewDesk, refuseArguments } from './crew-desk.ts'
import type { Tool, ToolAnswer } from './serve.ts'

/** How often an agent that waits looks, in milliseconds: an answer takes another agent seconds at least. */
const pollMs = 500

const args = z.strictObject({
  to: z.string().min(1).max(60).describe('The name or handle of an agent that is at work'),
  question: z.string().min(1).max(2_000).describe('One whole question'),
})

/** The tool, where the settings of the repository have it. */
export function askAgentTools(desk: CrewDesk): Tool[] {
  return desk.answerSeconds ? [askAgentTool(desk, desk.answerSeconds)] : []
}

function askAgentTool(desk: CrewDesk, seconds: number): Tool {
  const { context, lease, item, run } = desk.attempt
  return {
    ...texts.tools.askAgent,
    args,
    async run(given) {
      const parsed = args.safeParse(given)
      if (!parsed.success) return refuseArguments(texts.tools.askAgent.name, parsed.error)
      const { to, question: text } = parsed.data
      const asked = await context.store.transaction(async (tx) => {
        await updateRun(tx.db, lease, {})
        return askMember(tx, { item, runId: run.id, from: desk.member, to, text, redact: context.redact })
      })
      if ('refused' in asked) return { text: asked.refused, refused: true }
      return waitForAnswer(desk, asked, seconds)
    },
  }
}

/** No transaction is open while it waits. */
async function waitForAnswer(
  desk: CrewDesk,
  { wait, name }: { wait: AnswerWait; name: string },
  seconds: number,
): Promise<ToolAnswer> {
  const { context, lease, item, signal } = desk.attempt
  const end = performance.now() + seconds * 1_000
  for (;;) {
    const isLast = signal.aborted || performance.now() >= end
    const state = await context.store.transaction(async (tx) => {
      await updateRun(tx.db, lease, {})
      const now = await stateOfWait(tx, item.repositoryId, wait)
      if (isLast || now.kind !== 'waiting') await closeWait(tx, item.repositoryId, wait, now)
      return now
    })
    if (isLast || state.kind !== 'waiting') return answerOf(state, name, seconds)
    await sleep(Math.min(pollMs, Math.max(0, end - performance.now())), undefined, { signal }).catch(() => {})
  }
}

function answerOf(state: WaitState, name: string, seconds: number): ToolAnswer {
  switch (state.kind) {
    case 'answered':
      return { text: messagesForAgent([shownMessage(state.answer)], randomBytes(6).toString('hex')) }
    case 'away':
      return { text: texts.askedIsAway(name) }
    case 'deadlock':
      return { text: texts.noAnswerWillCome(name) }
    case 'waiting':
      return { text: texts.noAnswerYet(name, seconds) }
  }
}
