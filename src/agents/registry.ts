/** Finds the kinds of agent: every other file in this folder is one, and its name is the id. */

import type { OperatorAgents } from '../config/agent-settings.ts'
import { OperatorError } from '../lib/errors.ts'
import { isLoopback } from '../lib/peer.ts'
import { loadPlugins } from '../lib/plugin-loader.ts'
import { type AgentKind, agentKindSchema } from './agent.ts'
import { withOperatorSettings } from './configured.ts'

const notKinds = ['agent.ts', 'registry.ts', 'configured.ts', 'check-agent.ts']

/**
 * Loads every kind of agent, by id.
 * @param options.folder absolute path; this folder when not given.
 * @param options.files absolute paths of more kinds.
 * @param options.operator what the operator has set up.
 * @param options.apiUrl the GitHub that is served; kinds for the playground are refused when it is not on this machine.
 * @throws {OperatorError} naming the file and the field that does not fit.
 */
export async function loadAgents(
  options: { folder?: string; files?: readonly string[]; apiUrl?: string; operator?: OperatorAgents } = {},
): Promise<ReadonlyMap<string, AgentKind>> {
  const { folder = import.meta.dirname, files, apiUrl } = options
  const kinds = await loadPlugins<AgentKind>({
    folder,
    files,
    except: notKinds,
    exported: 'agent',
    shape: agentKindSchema,
    idField: 'id',
  })
  const unsafe = [...kinds.values()].find((kind) => kind.playgroundOnly)
  if (unsafe && apiUrl && !isLoopback(new URL(apiUrl).hostname)) {
    throw new OperatorError(
      `the agent "${unsafe.id}" is for the playground: it runs what an issue says, and ${apiUrl} is a real GitHub`,
      'Take its file out of AGENT_FILES.',
    )
  }
  return withOperatorSettings(kinds, options.operator ?? {})
}
