/** Turns an agent's `session/update` notifications into bounded updates, and keeps the summary and the usage. */

import { asList, asRecord, boundedText, firstCharacters } from '../../lib/sanitise-text.ts'
import type { AgentUpdate, AgentUsage, ToolStatus } from './agent-run.ts'

export const maxText = 4000
const maxEntries = 50
/** A pull request shows the summary; it is no longer than this. */
const maxSummary = 16_000
/** Tool calls are merged by id. With more ids than this, the oldest is dropped. */
const maxTools = 500

type Fields = Record<string, unknown>
type ToolUpdate = Extract<AgentUpdate, { kind: 'tool' }>

const toolStatuses: readonly ToolStatus[] = ['pending', 'in_progress', 'completed', 'failed']
const planStatuses = ['pending', 'in_progress', 'completed'] as const

export interface UpdateReader {
  /** Reads the `update` of one notification; undefined when there is nothing to show. */
  read(update: unknown): AgentUpdate | undefined
  /** What is known of a tool call; undefined when the agent has not reported it. */
  call(id: string): Pick<ToolUpdate, 'tool' | 'paths'> | undefined
  /** The agent's last message so far. */
  summary(): string
  usage(): AgentUsage | undefined
}

/** Reads one session's updates, in order. Unknown kinds are ignored, wrong fields become empty. */
export function updateReader(): UpdateReader {
  const { read: tool, find } = toolReader()
  let message = ''
  let messageId: unknown
  let messageEnded = false
  let usage: AgentUsage | undefined

  function text(fields: Fields): AgentUpdate | undefined {
    const chunk = contentText(fields.content)
    if (chunk === '') return undefined
    const another = fields.messageId !== undefined && fields.messageId !== messageId
    const begins = messageEnded || another
    const before = message
    // Joined only while there is room: a text of 16,000 characters made again for each token is gigabytes in a long run.
    if (begins) message = firstCharacters(chunk, maxSummary)
    else if (before.length < maxSummary) message = firstCharacters(`${before}${chunk}`, maxSummary)
    messageEnded = false
    messageId = fields.messageId
    // Listeners get one stream of text: a line break separates two messages.
    return { kind: 'text', text: begins && before !== '' ? `\n${chunk}` : chunk }
  }

  function used(fields: Fields): AgentUpdate | undefined {
    const contextUsed = count(fields.used)
    const contextSize = count(fields.size)
    const cost = readCost(fields.cost)
    // The cost counts also when the other fields are wrong.
    if (cost) usage = { ...usage, cost }
    if (contextUsed === undefined || contextSize === undefined) return undefined
    usage = { ...usage, contextUsed, contextSize }
    return { kind: 'usage', used: contextUsed, size: contextSize, ...(cost ? { cost } : {}) }
  }

  return {
    read(update) {
      const fields = asRecord(update) ?? {}
      switch (fields.sessionUpdate) {
        case 'agent_message_chunk':
          return text(fields)
        case 'agent_thought_chunk':
          return thought(fields)
        case 'tool_call':
        case 'tool_call_update': {
          const merged = tool(fields)
          if (merged) messageEnded = true
          return merged
        }
        case 'plan':
          return plan(fields)
        case 'usage_update':
          return used(fields)
        default:
          return undefined
      }
    },
    call: find,
    summary: () => message.trim(),
    usage: () => usage,
  }
}

/** Merges the updates of each tool call. */
function toolReader(): {
  read(fields: Fields): ToolUpdate | undefined
  find(id: string): ToolUpdate | undefined
} {
  const tools = new Map<string, ToolUpdate>()
  const read = (fields: Fields) => {
    const id = boundedText(fields.toolCallId, 200)
    if (id === '') return undefined
    const merged = mergeTool(tools.get(id) ?? newTool(id), fields)
    tools.delete(id)
    tools.set(id, merged)
    const oldest = tools.keys().next().value
    if (tools.size > maxTools && oldest !== undefined) tools.delete(oldest)
    return merged
  }
  return { read, find: (id) => tools.get(id) }
}

function thought(fields: Fields): AgentUpdate | undefined {
  const text = contentText(fields.content)
  return text === '' ? undefined : { kind: 'thought', text }
}

function contentText(content: unknown): string {
  const block = asRecord(content)
  return block?.type === 'text' ? boundedText(block.text, maxSummary) : ''
}

function newTool(id: string): ToolUpdate {
  return { kind: 'tool', id, title: '', tool: 'other', status: 'pending', paths: [] }
}

function mergeTool(before: ToolUpdate, fields: Fields): ToolUpdate {
  const locations = asList(fields.locations, maxEntries).flatMap((location) => {
    const path = boundedText(asRecord(location)?.path, 500)
    return path === '' ? [] : [path]
  })
  return {
    ...before,
    title: boundedText(fields.title, 300) || before.title,
    tool: boundedText(fields.kind, 40) || before.tool,
    status: toolStatuses.find((status) => status === fields.status) ?? before.status,
    paths: locations.length > 0 ? locations : before.paths,
  }
}

function plan(fields: Fields): AgentUpdate | undefined {
  if (!Array.isArray(fields.entries)) return undefined
  return { kind: 'plan', entries: asList(fields.entries, maxEntries).flatMap(planEntry) }
}

function planEntry(entry: unknown) {
  const fields = asRecord(entry)
  const text = boundedText(fields?.content, 300)
  if (text === '') return []
  return [{ text, status: planStatuses.find((status) => status === fields?.status) ?? ('pending' as const) }]
}

function readCost(value: unknown): { amount: number; currency: string } | undefined {
  const cost = asRecord(value)
  if (typeof cost?.amount !== 'number' || !Number.isFinite(cost.amount)) return undefined
  return { amount: cost.amount, currency: boundedText(cost.currency, 10) || 'USD' }
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/**
 * Token counts as ACP's draft puts them into a prompt's answer (`usage`: totals "across all turns"); undefined when there
 * are none.
 */
export function promptUsage(value: unknown): AgentUsage | undefined {
  const fields = asRecord(value)
  const cached = [count(fields?.cachedReadTokens), count(fields?.cachedWriteTokens)].filter((one) => one !== undefined)
  const counts = {
    inputTokens: count(fields?.inputTokens),
    outputTokens: count(fields?.outputTokens),
    totalTokens: count(fields?.totalTokens),
  }
  const all = { ...counts, ...(cached.length > 0 ? { cachedTokens: cached.reduce((sum, one) => sum + one, 0) } : {}) }
  return Object.values(all).some((number) => number !== undefined) ? all : undefined
}
