/** One call of a tool: the command is given, and its reply becomes the result. */

import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import type { Command } from '../../commands/command.ts'
import { type Caller, type CallServices, giveCommand } from '../../commands/lib/give-command.ts'
import { InvalidArguments, UserError } from '../../lib/errors.ts'
import { cleanText } from '../../lib/sanitise-text.ts'
import { systemIdDiffers, toolFailed } from '../../messages/mcp.ts'

/** A call as it came in. */
export interface ToolCall {
  command: Command
  /** Not yet checked. */
  given: Record<string, unknown>
  caller: Caller
  /** The repository of the session, where the call names none. */
  standing: string | undefined
  /** The same call again acts once. */
  key: string
}

/** The result of a tool, and the repository that it was about where the command says so. */
export interface ToolOutcome {
  result: CallToolResult
  systemId?: string
}

/** Carries out a call. What a person or model can mend is a result with `isError`, never an exception. */
export async function callTool(services: CallServices, call: ToolCall): Promise<ToolOutcome> {
  const { command, caller } = call
  try {
    const { repository, on, args } = readParameters(call)
    const key = command.reads ? undefined : call.key
    const reply = await giveCommand(services, { command, args, repository, on, caller, door: 'mcp', key })
    if (reply.outcome === 'refused') return { result: failure(reply.text) }
    const text = cleanText(reply.text)
    if (!command.result) return { result: { content: [{ type: 'text', text }] } }
    // What the shape does not have is left out: clients check the result against it.
    const data = command.result.parse(reply.data)
    const content = [text, JSON.stringify(data)].map((part) => ({ type: 'text' as const, text: part }))
    return {
      result: { content, structuredContent: data },
      ...(typeof data.systemId === 'string' ? { systemId: data.systemId } : {}),
    }
  } catch (error) {
    if (error instanceof UserError) return { result: failure(error.toMarkdown()) }
    services.log.error({ err: error, command: command.name }, 'a tool of MCP has failed')
    return { result: failure(toolFailed) }
  }
}

function failure(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: cleanText(text) }] }
}

/** @throws {InvalidArguments} when a common parameter does not fit. */
function readParameters({ given, standing }: ToolCall) {
  const { repository, systemId, on, ...args } = given
  for (const [name, value] of Object.entries({ repository, systemId })) {
    if (value !== undefined && typeof value !== 'string')
      throw new InvalidArguments(`\`${name}\` must be text.`, 'For example: `"acme/app"`.')
  }
  if (on !== undefined && !(Number.isSafeInteger(Number(on)) && Number(on) > 0))
    throw new InvalidArguments('`on` must be the number of an issue or pull request.', 'For example: `12`.')
  if (repository !== undefined && systemId !== undefined && repository !== systemId)
    throw new InvalidArguments(...systemIdDiffers)
  const named = (repository ?? systemId ?? standing) as string | undefined
  return { repository: named, on: on === undefined ? undefined : Number(on), args }
}
