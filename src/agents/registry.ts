/** Finds the kinds of agent: every other file in this folder is one, and its name is the id. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { OperatorError } from '../config/errors.ts'
import { type AgentKind, agentKindSchema } from './agent.ts'

const notKinds = new Set(['agent.ts', 'registry.ts'])

/**
 * Loads every kind of agent in a folder, by id.
 * @param folder absolute path; this folder unless told otherwise.
 * @throws {OperatorError} naming the file and the field that does not fit.
 */
export async function loadAgents(folder: string = import.meta.dirname): Promise<ReadonlyMap<string, AgentKind>> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ts') && !notKinds.has(name)).sort()
  const kinds = await Promise.all(files.map((name) => loadAgent(folder, name)))
  return new Map(kinds.map((kind) => [kind.id, kind]))
}

async function loadAgent(folder: string, name: string): Promise<AgentKind> {
  const module = await importFile(join(folder, name))
  if (!('agent' in module)) throw misfit(name, 'agent', 'is not exported')
  const parsed = agentKindSchema.safeParse(module.agent)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw misfit(name, ['agent', ...(issue?.path ?? [])].join('.'), issue?.message ?? 'does not fit')
  }
  const id = name.replace(/\.ts$/, '')
  if (parsed.data.id !== id) throw misfit(name, 'agent.id', `is "${parsed.data.id}", but the file name says "${id}"`)
  return parsed.data
}

async function importFile(path: string): Promise<object> {
  try {
    return (await import(pathToFileURL(path).href)) as object
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new OperatorError(`the agent file ${path} cannot be loaded: ${message}`, 'Mend or remove it.', { cause })
  }
}

function misfit(file: string, field: string, problem: string): OperatorError {
  return new OperatorError(`the agent file ${file} does not fit: ${field} ${problem}`, 'Mend or remove it.')
}
