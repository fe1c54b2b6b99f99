/**
 * The MCP server of one run: the only interface of an agent to Tutti. It listens on a socket that the files of the run lead
 * to and nothing else, and ends with the run. Arguments of calls are checked here, and never run as code.
 */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { McpServer } from '@agentclientprotocol/sdk'
import type { Logger } from 'pino'
import { z } from 'zod'
import { LeaseLost } from '../../db/runs.ts'
import { pipeProgram } from './pipe.ts'
import { makeSocketFolder, socketName } from './socket-folder.ts'
import { socketTransport } from './transport.ts'

/** One tool for agents. */
export interface Tool {
  name: string
  /** For the agent: what it does and when to use it. */
  description: string
  args: z.ZodType
  /**
   * Runs the tool, idempotently. @param given the arguments as the agent sent them, not yet checked.
   * @returns the answer for the agent.
   * @throws {LeaseLost} when another process has the run: nothing was changed.
   */
  run(given: unknown): Promise<ToolAnswer>
}

export interface ToolAnswer {
  text: string
  /** The arguments do not fit; the text says what is wrong. */
  refused?: boolean
}

/** A running server. */
export interface ToolServer {
  /** For ACP's `session/new`. */
  readonly server: McpServer
  /** What the agent's sandbox must show, so that the server can be started and reached. */
  readonly paths: readonly string[]
  close(): Promise<void>
}

/** An agent has one connection. Some agents restart their server, so a few more are allowed. */
const maxConnections = 8

/**
 * Opens the server of a run.
 * @param options.home the run's own folder, readable to its agent and to no other.
 * @param options.socat absolute path of that program, which is the lighter pipe; undefined where there is none.
 */
export async function serveTools(options: {
  home: string
  tools: readonly Tool[]
  log: Pick<Logger, 'debug' | 'warn'>
  socat: string | undefined
}): Promise<ToolServer> {
  const { home, tools, log, socat } = options
  await mkdir(home, { recursive: true, mode: 0o700 })
  const folder = await makeSocketFolder(home)
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    if (open.size >= maxConnections) return void socket.destroy()
    open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => open.delete(socket))
    serve(socket, tools, log).catch((error) => log.warn({ err: error }, "an agent's tools could not be served"))
  })
  await listen(server, join(folder.path, socketName))
  const file = join(home, 'tools.place')
  await rm(file, { force: true })
  await writeFile(file, `${folder.path}\n`, { mode: 0o600 })
  const pipe = pipeProgram(file, socat)
  return {
    server: { name: 'tutti', command: pipe.command, args: pipe.args, env: [] },
    // What is shown can only be read. The home itself must not be among it: its agent writes there.
    paths: [...pipe.paths, file, ...folder.shown],
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await rm(file, { force: true })
      await rm(folder.path, { recursive: true, force: true })
    },
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}

/** Serves MCP on a connection until it closes. */
async function serve(socket: Socket, tools: readonly Tool[], log: Pick<Logger, 'debug' | 'warn'>): Promise<void> {
  // Nothing that arrives before the transport listens is lost.
  socket.pause()
  // Loaded at the first call of an agent: it costs 100 ms and 24 MB, and a process without agents does not need it.
  const [{ Server }, { CallToolRequestSchema, ListToolsRequestSchema }] = await Promise.all([
    import('@modelcontextprotocol/sdk/server/index.js'),
    import('@modelcontextprotocol/sdk/types.js'),
  ])
  const server = new Server({ name: 'tutti', version: '0.1.0' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ name, description, args }) => ({
      name,
      description,
      inputSchema: z.toJSONSchema(args, { io: 'input' }) as { type: 'object' },
      annotations: harmless,
    })),
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const tool = tools.find(({ name }) => name === params.name)
    const answer = tool ? await call(tool, params.arguments ?? {}, log) : unknownTool(params.name, tools)
    return { content: [{ type: 'text', text: answer.text }], isError: answer.refused ?? false }
  })
  await server.connect(socketTransport(socket))
}

async function call(tool: Tool, given: unknown, log: Pick<Logger, 'debug' | 'warn'>): Promise<ToolAnswer> {
  try {
    const answer = await tool.run(given)
    log.debug({ tool: tool.name, refused: answer.refused ?? false }, 'an agent called a tool')
    return answer
  } catch (error) {
    if (error instanceof LeaseLost) return { text: 'This run is over; nothing was changed. Stop now.', refused: true }
    log.warn({ err: error, tool: tool.name }, "an agent's call of a tool failed")
    return { text: 'That did not work for a reason of ours. Try it once more.', refused: true }
  }
}

/**
 * No tool changes a file or reaches the network. Codex 0.166 asks a second model about each call of a tool that does not
 * say so, and its read-only mode refuses them.
 */
const harmless = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }

function unknownTool(name: string, tools: readonly Tool[]): ToolAnswer {
  const known = tools.map((tool) => tool.name).join(', ')
  return { text: `There is no tool ${name.slice(0, 100)}. There are: ${known}.`, refused: true }
}
