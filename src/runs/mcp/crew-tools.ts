/** The tools by which an agent takes part in the crew: messages, memory, checkpoints, questions, the end. */

import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { memoryFor } from '../../crew/memory.ts'
import { acknowledge, pollMessages, sendMessage } from '../../crew/route.ts'
import { shownMessage } from '../../crew/shown-messages.ts'
import { saveCheckpoint } from '../../db/checkpoints.ts'
import type { Tx } from '../../db/connect.ts'
import { setMemberHandle } from '../../db/crew-members.ts'
import { channelMessages, waitingFor } from '../../db/messages.ts'
import { isHandleOfPerson } from '../../db/person-handles.ts'
import { updateRun } from '../../db/runs.ts'
import { boundedText } from '../../lib/sanitise-text.ts'
import { messagesForAgent } from '../../messages/crew-messages.ts'
import * as texts from '../../messages/crew-tools.ts'
import { askAgentTools } from './ask-agent-tool.ts'
import { type CrewDesk, refuseArguments } from './crew-desk.ts'
import type { Tool, ToolAnswer } from './serve.ts'

/** Memories of one run: more is no learning but a log. */
const mostNotes = 20
const mostCheckpoints = 20
const mostRead = 30

const text = (max: number) => z.string().min(1).max(max)
const shapes = {
  message: z.strictObject({
    to: text(60)
      .default('people')
      .describe('A name or handle of the crew, the handle of a person, `people` (those of the issue), or `all`'),
    text: text(4_000).describe('What you want to say'),
    replyTo: z.number().int().positive().optional().describe('The number of the message that you answer'),
  }),
  read: z.strictObject({
    acknowledge: z
      .array(z.number().int().positive())
      .max(100)
      .default([])
      .describe('Numbers of messages that you have taken in; those you do not name are given to you once more later'),
    channel: text(60).optional().describe('Reads the last messages of a channel instead, such as `item-12`'),
  }),
  handle: z.strictObject({
    handle: z.string().regex(/^[A-Za-z][\w-]{1,29}$/, 'must be 2 to 30 letters, digits, dashes and underscores'),
  }),
  insight: z.strictObject({
    text: text(2_000).describe('What you have learned, one or two sentences'),
    fromMistake: z.boolean().default(false).describe('Whether you learned it by doing it wrong first'),
  }),
  context: z.strictObject({ text: text(2_000), about: text(80).optional().describe('The topic') }),
  relationship: z.strictObject({ name: text(80).describe('Another agent or a person'), text: text(2_000) }),
  words: z.strictObject({ text: text(2_000) }),
  checkpoint: z.strictObject({
    name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,59}$/, 'must be letters, digits, dots and dashes'),
    text: text(4_000).describe('What is done, what works, and what comes next'),
  }),
  questions: z.strictObject({
    questions: z.array(text(1_000)).min(1).max(3).describe('Whole sentences that can be answered without the code'),
  }),
  finish: z.strictObject({
    summary: text(10_000).describe('For the reviewer: what you changed and why, and what you left out'),
  }),
}

/** The tools of a run that builds. A run that plans or reviews has those that `forReading` names. */
export function crewTools(desk: CrewDesk): Tool[] {
  return [...messageTools(desk), ...askAgentTools(desk), ...memoryTools(desk), ...workTools(desk)]
}

/** What an agent that only reads needs of them: it hands in with tools of its own. */
export const forReading: readonly string[] = ['send_message', 'read_messages', 'record_insight', 'note_context']

/** A tool whose arguments are checked, and that acts in one transaction under the lease of the run. */
function crewTool<Shape extends z.ZodType>(
  desk: CrewDesk,
  about: Pick<Tool, 'name' | 'description'>,
  args: Shape,
  act: (tx: Tx, given: z.output<Shape>) => Promise<ToolAnswer>,
): Tool {
  const { context, lease } = desk.attempt
  return {
    ...about,
    args,
    async run(given) {
      const parsed = args.safeParse(given)
      if (!parsed.success) return refuseArguments(about.name, parsed.error)
      return context.store.transaction(async (tx) => {
        // Another process may have the run: then nothing is written.
        await updateRun(tx.db, lease, {})
        return act(tx, parsed.data)
      })
    },
  }
}

function messageTools(desk: CrewDesk): Tool[] {
  const { member } = desk
  const { item, context } = desk.attempt
  const { repositoryId } = item
  return [
    crewTool(desk, texts.tools.sendMessage, shapes.message, async (tx, given) => {
      const from = { member }
      const sent = await sendMessage(tx, { repositoryId, item, from, redact: context.redact, ...given })
      return 'refused' in sent
        ? { text: sent.refused, refused: true }
        : { text: texts.sentTo(sent.message.id, sent.readers) }
    }),
    crewTool(desk, texts.tools.readMessages, shapes.read, async (tx, given) => {
      await acknowledge(tx, member.id, given.acknowledge)
      const rows = given.channel
        ? await channelMessages(tx.db, repositoryId, given.channel, mostRead)
        : (await pollMessages(tx, member.id)).map(({ message }) => message)
      const shown = rows.map(shownMessage)
      return { text: messagesForAgent(shown, randomBytes(6).toString('hex')) || texts.noMessages }
    }),
    crewTool(desk, texts.tools.setHandle, shapes.handle, async (tx, { handle }) => {
      const ofOthers = /^(?:people|all)$/i.test(handle) || (await isHandleOfPerson(tx.db, member.repositoryId, handle))
      const taken = ofOthers || !(await setMemberHandle(tx, member, handle))
      return taken ? { text: texts.handleTaken(handle), refused: true } : { text: texts.handleSet(handle) }
    }),
  ]
}

function memoryTools(desk: CrewDesk): Tool[] {
  const { item, run, context } = desk.attempt
  let notes = 0
  const noting = async (
    tx: Tx,
    record: (memory: ReturnType<typeof memoryFor>) => Promise<unknown>,
  ): Promise<ToolAnswer> => {
    if (notes >= mostNotes) return { text: texts.enoughNotes(mostNotes), refused: true }
    notes += 1
    const { repositoryId, issueNumber } = item
    const whose = {
      repositoryId,
      issueNumber,
      memberId: run.memberId,
      source: 'agent' as const,
      redact: context.redact,
    }
    const row = await record(memoryFor(tx, whose))
    return row === undefined ? { text: texts.nothingNoted, refused: true } : { text: texts.noted }
  }
  return [
    crewTool(desk, texts.tools.recordInsight, shapes.insight, (tx, { text, fromMistake }) =>
      noting(tx, (memory) => memory.recordInsight(text, { fromMistake })),
    ),
    crewTool(desk, texts.tools.noteContext, shapes.context, (tx, { text, about }) =>
      noting(tx, (memory) => memory.noteContext(text, about)),
    ),
    crewTool(desk, texts.tools.rememberRelationship, shapes.relationship, (tx, { name, text }) =>
      noting(tx, (memory) => memory.rememberRelationship(name, text)),
    ),
    crewTool(desk, texts.tools.discoverPreference, shapes.words, (tx, given) =>
      noting(tx, (memory) => memory.discoverPreference(given.text)),
    ),
    crewTool(desk, texts.tools.reflect, shapes.words, (tx, given) =>
      noting(tx, (memory) => memory.reflect(given.text)),
    ),
  ]
}

function workTools(desk: CrewDesk): Tool[] {
  const { result } = desk
  const { context } = desk.attempt
  const clean = (value: string, max: number) => boundedText(context.redact(value).trim(), max).toWellFormed()
  return [
    checkpointTool(desk, clean),
    crewTool(desk, texts.tools.askQuestion, shapes.questions, async (_tx, { questions }) => {
      if (desk.questionsLeft <= 0) return { text: texts.noMoreQuestions, refused: true }
      result.asked = questions.map((one) => clean(one, 1_000))
      return { text: texts.questionsTaken }
    }),
    crewTool(desk, texts.tools.finish, shapes.finish, async (_tx, { summary }) => {
      if (result.asked) return { text: texts.finishAfterQuestions, refused: true }
      result.summary = clean(summary, 10_000)
      return { text: texts.finished }
    }),
  ]
}

/** The head is read before the transaction, which waits for nothing but rows. */
function checkpointTool(desk: CrewDesk, clean: (value: string, max: number) => string): Tool {
  const { item, run } = desk.attempt
  let checkpoints = 0
  let headSha: string | null = null
  const save = crewTool(desk, texts.tools.saveCheckpoint, shapes.checkpoint, async (tx, { name, text }) => {
    if (checkpoints >= mostCheckpoints) return { text: texts.enoughCheckpoints(mostCheckpoints), refused: true }
    checkpoints += 1
    await saveCheckpoint(tx, { workItemId: item.id, runId: run.id, name, text: clean(text, 4_000), headSha })
    return { text: texts.checkpointSaved(name) }
  })
  return {
    ...save,
    async run(given) {
      headSha = (await desk.head()) ?? null
      return save.run(given)
    },
  }
}

/** Tools whose answers say when a message waits: an agent that never asks learns of it with whatever it calls next. */
export function withUnreadNote(tools: readonly Tool[], desk: CrewDesk): Tool[] {
  const { db } = desk.attempt.context.store
  return tools.map((tool) => ({
    ...tool,
    async run(given: unknown) {
      const answer = await tool.run(given)
      const waiting = tool.name === 'read_messages' ? 0 : await waitingFor(db, desk.member.id)
      return waiting > 0 ? { ...answer, text: `${answer.text}\n\n${texts.messagesWait(waiting)}` } : answer
    },
  }))
}
