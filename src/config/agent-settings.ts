/**
 * How the operator sets up kinds of agent: the file that `AGENTS_FILE` names, `agents.yml` beside `.env` unless set. It
 * stays on the machine: a repository chooses among what is set up here, and never replaces a provider.
 */

import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { OperatorError } from '../lib/errors.ts'
import { unknownKeys } from './unknown-keys.ts'

const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
const kindName = z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case words joined by dashes')
const words = z.array(z.string().min(3).max(200)).max(50)

const homePath = z
  .string()
  .regex(/^~\/[^\0]+$/, 'must begin with "~/": it is a path in the home of the run')
  .refine((path) => !path.split('/').includes('..'), 'must not contain ".."')

const mcpServer = z.union([
  z.strictObject({
    command: z
      .array(z.string().min(1))
      .min(1)
      .describe('A program that speaks MCP on stdin and stdout, and its arguments'),
    env: z.array(envName).default([]).describe('The variables of Tutti that it may see'),
  }),
  z.strictObject({
    url: z.url().describe('An MCP server over HTTP'),
    headers: z.record(z.string(), envName).default({}).describe('Headers, each with the variable that holds its value'),
  }),
])

const kind = z.strictObject({
  command: z.array(z.string().min(1)).min(1).optional().describe('Program and arguments, instead of the built-in ones'),
  model: z.string().min(1).max(200).optional().describe('The model where a repository names none'),
  models: z
    .array(z.string().min(1).max(200))
    .min(1)
    .optional()
    .describe('The models that a repository may name; any if not set'),
  modes: z
    .strictObject({ build: z.string().min(1).optional(), plan: z.string().min(1).optional() })
    .default({})
    .describe('The mode of a session that builds, and of one that plans, by the ids of the program'),
  provider: z.string().min(1).max(100).optional().describe("The provider, by the program's own name for it"),
  baseUrl: z.url().optional().describe('Where the provider is reached'),
  keyVariable: envName.optional().describe('The variable that holds the key for it'),
  env: z.array(envName).max(60).default([]).describe('More variables of Tutti that the program may see'),
  set: z.record(envName, z.string().max(10_000)).default({}).describe('Variables with fixed values. No secrets'),
  files: z
    .record(homePath, z.string().min(1))
    .default({})
    .describe('Files and folders that are copied into the home of each run: where to, and where from'),
  login: z
    .string()
    .min(1)
    .optional()
    .describe('A home on this machine whose login is copied into each run, such as `/home/tutti`; none if not set'),
  retries: z
    .number()
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('How often the program asks its provider again by itself'),
  mcpServers: z.record(kindName, mcpServer).default({}).describe('More MCP servers for its sessions, by name'),
  skills: z.array(z.string().min(1)).max(50).default([]).describe('Folders with skills, copied to where it reads them'),
  messages: z
    .strictObject({ limit: words.default([]), billing: words.default([]) })
    .prefault({})
    .describe('Parts of messages by which a used-up quota, or missing credit, is recognised'),
  title: z.string().min(1).max(60).optional().describe('Of a new kind: as people call it'),
  protocol: z.enum(['acp', 'command']).optional().describe('Of a new kind: how it is driven'),
})

const schema = z.record(kindName, kind)

/** How the operator has set up one kind of agent. */
export type OperatorAgent = z.infer<typeof kind>

/** The kinds of agent that the operator has set up, by id. Paths are absolute. */
export type OperatorAgents = Readonly<Record<string, OperatorAgent>>

/**
 * Reads the operator's file: the one that `AGENTS_FILE` names, or `agents.yml` in the working directory where there is one.
 * @throws {OperatorError} naming the file and each key that cannot be used.
 */
export function readAgentSettings({ AGENTS_FILE }: { AGENTS_FILE?: string }): OperatorAgents {
  const path = resolve(AGENTS_FILE ?? 'agents.yml')
  if (!existsSync(path)) {
    if (AGENTS_FILE === undefined) return {}
    throw new OperatorError(`AGENTS_FILE names a file that does not exist: ${path}`, 'Make it, or unset the variable.')
  }
  const result = schema.safeParse(parseYaml(readFileSync(path, 'utf8'), path) ?? {})
  if (!result.success) {
    const problems = result.error.issues.flatMap(
      (issue) => unknownKeys(issue, schema) ?? [`\`${issue.path.join('.') || 'the file'}\`: ${reason(issue)}`],
    )
    throw new OperatorError(`${path} cannot be used: ${problems.join('; ')}`, 'Mend it and start again.')
  }
  const folder = dirname(path)
  const all = Object.fromEntries(Object.entries(result.data).map(([id, one]) => [id, withPaths(one, folder)]))
  const missing = Object.entries(all).flatMap(([id, one]) => missingFiles(one).map((file) => `${id}: ${file}`))
  if (missing.length > 0)
    throw new OperatorError(`${path} names files that do not exist: ${missing.join('; ')}`, 'Mend it and start again.')
  return all
}

function missingFiles({ files, skills, login }: OperatorAgent): string[] {
  return [...Object.values(files), ...skills, ...(login ? [login] : [])].filter((file) => !existsSync(file))
}

function reason(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') return 'must have `command`, or `url`'
  return (issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined) ?? issue.message
}

function parseYaml(text: string, path: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 })
  } catch (error) {
    const where = error instanceof YAMLParseError ? error.message.split('\n')[0] : String(error)
    throw new OperatorError(`${path} is not valid YAML: ${where?.replace(/[:.]\s*$/, '')}`, 'Mend it and start again.')
  }
}

/** Paths count from the folder of the file. */
function withPaths(one: OperatorAgent, folder: string): OperatorAgent {
  const full = (path: string) => (isAbsolute(path) ? path : resolve(folder, path))
  return {
    ...one,
    files: Object.fromEntries(Object.entries(one.files).map(([to, from]) => [to, full(from)])),
    skills: one.skills.map(full),
    ...(one.login ? { login: full(one.login) } : {}),
  }
}
