/** The MCP server of one session: tools and resources for whoever holds the token of a request. */

import { createHash } from 'node:crypto'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import {
  type CallToolRequest,
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js'
import type { Command } from '../../commands/command.ts'
import type { Caller } from '../../commands/lib/give-command.ts'
import { didYouMean } from '../../lib/did-you-mean.ts'
import { UserError } from '../../lib/errors.ts'
import { mcpInstructions, noSuchTool, stillWorking } from '../../messages/mcp.ts'
import { callTool } from './call-tool.ts'
import { listResources, type ResourceServices, readResource, resourceTemplates } from './resources.ts'
import { toolName, toolOf } from './tools.ts'

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

/** How often a client that gave a progress token hears that its call goes on. */
const progressMs = 1_000

/**
 * Makes the server of one session. The repository of `init_orchestrator` is its default from then on.
 * @param version of Tutti, for the client.
 */
export function mcpServer(services: ResourceServices, version: string): Server {
  const server = new Server(
    { name: 'tutti', title: 'Tutti', version },
    { capabilities: { tools: {}, resources: {} }, instructions: mcpInstructions },
  )
  const commands = new Map([...services.commands.values()].map((command) => [toolName(command), command]))
  const tools = [...commands.values()].map(toolOf)
  let standing: string | undefined
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const command = commandNamed(commands, params.name)
    const call = { command, given: params.arguments ?? {}, caller: callerOf(extra), standing, key: keyOf(extra) }
    const { result, systemId } = await withProgress(params, extra, () => callTool(services, call))
    if (command.name === 'init-orchestrator' && systemId !== undefined) standing = systemId
    return result
  })
  server.setRequestHandler(ListResourcesRequestSchema, async (_, extra) => ({
    resources: await listResources(services, callerOf(extra)),
  }))
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [...resourceTemplates] }))
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }, extra) =>
    readResource(services, callerOf(extra), params.uri).catch((error) => {
      // Of the protocol: this code says that a resource is not there.
      if (error instanceof UserError) throw new McpError(-32002, error.toMarkdown(), { uri: params.uri })
      throw error
    }),
  )
  return server
}

/** @throws {McpError} naming the nearest tool. */
function commandNamed(commands: ReadonlyMap<string, Command>, name: string): Command {
  const command = commands.get(name)
  if (command) return command
  throw new McpError(ErrorCode.InvalidParams, noSuchTool(name, didYouMean(name, commands.keys())))
}

/** The one who holds the token of this request: the door has put it there. */
function callerOf({ authInfo }: Extra): Caller {
  const caller = authInfo?.extra?.caller as Caller | undefined
  if (!caller) throw new McpError(ErrorCode.InvalidRequest, 'There is no token.')
  return caller
}

/** A request that a client sends twice in a session, after a lost answer, has the same id and acts once. */
function keyOf({ sessionId, requestId }: Extra): string {
  return `mcp:${createHash('sha256')
    .update(JSON.stringify([sessionId, requestId]))
    .digest('hex')}`
}

/**
 * Runs a call, with signs of life where the client wants them. A call that was cancelled before it began does nothing;
 * one that is under way ends, since what it does commits as a whole, and its answer is dropped by the protocol.
 */
async function withProgress<T extends { result: CallToolResult }>(
  { name, _meta }: CallToolRequest['params'],
  { signal, sendNotification }: Extra,
  run: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const progressToken = _meta?.progressToken
  if (progressToken === undefined) return run()
  let seconds = 0
  const report = () => {
    if (signal.aborted) return
    const params = { progressToken, progress: seconds, message: stillWorking(name, seconds) }
    seconds += progressMs / 1_000
    // A client that has gone does not stop the call.
    void sendNotification({ method: 'notifications/progress', params }).catch(() => {})
  }
  report()
  const timer = setInterval(report, progressMs)
  try {
    return await run()
  } finally {
    clearInterval(timer)
  }
}
