/** The tools of MCP, each derived from a command. */

import type { Tool, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { Command } from '../../commands/command.ts'
import { mcpParameters, needsNumber } from '../../messages/mcp.ts'

/** The name of a command as a tool: `get-work-queue` is `get_work_queue`. */
export function toolName(command: Pick<Command, 'name'>): string {
  return command.name.replaceAll('-', '_')
}

/** A command as a tool: what it takes, what it answers, and what a client may assume about it. */
export function toolOf(command: Command): Tool {
  return {
    name: toolName(command),
    title: command.summary,
    description: [`${command.summary}.`, needsNumber(command.where), exampleOf(command)].filter(Boolean).join(' '),
    inputSchema: inputSchema(command),
    ...(command.result ? { outputSchema: schemaOf(command.result, 'output') } : {}),
    annotations: annotationsOf(command),
  }
}

function exampleOf({ slash, examples }: Command): string {
  return slash === false ? `Example arguments: ${examples.at(-1)}` : `In a comment: ${examples.join(' or ')}`
}

function annotationsOf({ summary, reads, destructive = false, repeats = false }: Command): ToolAnnotations {
  return {
    title: summary,
    readOnlyHint: reads,
    destructiveHint: destructive,
    idempotentHint: !repeats,
    openWorldHint: !reads,
  }
}

function inputSchema(command: Command): Tool['inputSchema'] {
  const { properties, required = [], ...rest } = schemaOf(command.args, 'input')
  const { repository, systemId, on } = mcpParameters
  return {
    ...rest,
    properties: {
      ...(properties as Record<string, object>),
      repository: { type: 'string', description: repository },
      systemId: { type: 'string', description: systemId },
      on: { type: 'integer', minimum: 1, description: on },
    },
    required: [...(required as string[]), ...(command.where === 'anywhere' ? [] : ['on'])],
  }
}

/** A shape as JSON Schema. Without `$schema`: validators of clients do not know all of its values. */
function schemaOf(shape: z.ZodObject, io: 'input' | 'output'): Tool['inputSchema'] {
  const { $schema, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any' })
  return schema as Tool['inputSchema']
}
