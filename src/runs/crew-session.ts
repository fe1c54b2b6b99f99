/** The crew's part in one run: who the agent is, what it is reminded of, its tools, and what it hands in by them. */

import type { Settings } from '../config/settings.ts'
import { recallFor } from '../crew/briefing.ts'
import { acknowledge, pollMessages } from '../crew/route.ts'
import { shownMessage } from '../crew/shown-messages.ts'
import { checkpointsOf } from '../db/checkpoints.ts'
import { crewOf, experienceOf, getMember } from '../db/crew-members.ts'
import { openFootprints } from '../db/footprints.ts'
import { roundsOf } from '../db/plans.ts'
import { isBuild, updateRun } from '../db/runs.ts'
import type { ContextPart } from '../domain/context-budget.ts'
import { messageForAgent } from '../messages/crew-messages.ts'
import { checkpointForAgent, crewForAgent } from '../messages/crew-prompt.ts'
import type { Attempt } from './context.ts'
import type { CrewDesk } from './mcp/crew-desk.ts'
import { crewTools, forReading, withUnreadNote } from './mcp/crew-tools.ts'
import type { Tool } from './mcp/serve.ts'

/** See `openCrewSession`. */
export interface CrewSession {
  /** Its parts of the prompt. */
  prompt: ContextPart[]
  tools: Tool[]
  /** Has a tool's answer say when a message waits. */
  notifying(tools: readonly Tool[]): Tool[]
  /** What the agent has handed in by its tools. */
  result: CrewDesk['result']
  /** The agent has taken in what it was given. */
  end(): Promise<void>
}

const withoutCrew: CrewSession = {
  prompt: [],
  tools: [],
  notifying: (tools) => [...tools],
  result: {},
  end: async () => {},
}

/**
 * Opens the crew's part in an attempt. Messages that wait are delivered with the prompt.
 * @param run.protocol a plain command has no tools.
 * @param run.head the head of the item's branch.
 */
export async function openCrewSession(
  attempt: Attempt,
  { settings, protocol, head }: { settings: Settings; protocol: 'acp' | 'command'; head: CrewDesk['head'] },
): Promise<CrewSession> {
  const { context, run, item, lease } = attempt
  const { store } = context
  const member = run.memberId === null ? undefined : await getMember(store.db, run.memberId)
  if (!member) return { ...withoutCrew, result: {} }
  const asked = (await roundsOf(store.db, item.id)).filter(({ runId }) => runId !== null).length
  const questionsLeft = settings.crew.questions - asked
  const { answerSeconds } = settings.crew
  const desk: CrewDesk = { attempt, member, questionsLeft, answerSeconds, head, result: {} }
  const tools = crewTools(desk).filter(({ name }) => isBuild(run) || forReading.includes(name))
  const waiting = await store.transaction(async (tx) => {
    await updateRun(tx.db, lease, {})
    return pollMessages(tx, member.id)
  })
  const shown = waiting.map(({ message }) => shownMessage(message))
  const recall = async () => recallFor(store.db, { item, run, settings, paths: await pathsOf(attempt) })
  const [others, memory, checkpoints] = await Promise.all([
    othersAtWork(attempt),
    recall(),
    checkpointsOf(store.db, item.id),
  ])
  const prompt = crewForAgent({
    name: member.name,
    role: member.role,
    others,
    memory,
    messages: shown.map(messageForAgent),
    checkpoints: checkpoints.map(checkpointForAgent),
    hasTools: protocol === 'acp',
    questionsLeft: isBuild(run) ? questionsLeft : undefined,
  })
  return {
    prompt,
    tools: withUnreadNote(tools, desk),
    notifying: (others) => withUnreadNote(others, desk),
    result: desk.result,
    end: () => store.transaction(async (tx) => void (await acknowledge(tx, member.id))),
  }
}

async function othersAtWork({ context, item, run }: Attempt): Promise<string[]> {
  const crew = await crewOf(context.store.db, item.repositoryId)
  const others = await experienceOf(
    context.store.db,
    crew.filter(({ id }) => id !== run.memberId),
  )
  return others.filter(({ busy }) => busy).map(({ name }) => name)
}

async function pathsOf({ context, item }: Attempt): Promise<string[]> {
  const known = (await openFootprints(context.store.db, [item.id])).get(item.id)
  return [...(known?.plan ?? []), ...(known?.observed ?? [])]
}
