/** A kind of agent as the operator has set it up: the file in this folder, and what `agents.yml` says over it. */

import type { OperatorAgent, OperatorAgents } from '../config/agent-settings.ts'
import { didYouMean } from '../lib/did-you-mean.ts'
import { OperatorError } from '../lib/errors.ts'
import { type AgentKind, agentKindSchema, networkEnv, type StartCommand, type StartOptions } from './agent.ts'

/**
 * The kinds with what the operator has set up, and the operator's own kinds.
 * @throws {OperatorError} when an entry is neither a known kind nor a whole new one.
 */
export function withOperatorSettings(
  kinds: ReadonlyMap<string, AgentKind>,
  operator: OperatorAgents,
): Map<string, AgentKind> {
  const all = new Map(kinds)
  for (const [id, settings] of Object.entries(operator)) {
    all.set(id, configure(kinds.get(id) ?? newKind(id, settings, kinds), settings))
  }
  return all
}

/** A kind that the operator's file alone describes. */
function newKind(id: string, settings: OperatorAgent, kinds: ReadonlyMap<string, AgentKind>): AgentKind {
  const { command, protocol } = settings
  if (!command || !protocol) {
    const meant = didYouMean(id, kinds.keys())
    throw new OperatorError(
      `there is no kind of agent "${id}"${meant ? `; did you mean "${meant}"?` : ''}`,
      'A new kind needs `command` and `protocol: acp` in the file of the agents.',
    )
  }
  return agentKindSchema.parse({
    id,
    title: settings.title ?? id,
    protocol,
    start: ({ command: given, model }: StartOptions) => {
      const [file = '', ...args] = given ?? command
      return { file, args, env: model ? { TUTTI_MODEL: model } : undefined }
    },
    env: [...networkEnv],
    install: `install ${command[0]}`,
  } satisfies Record<keyof Pick<AgentKind, 'id' | 'title' | 'protocol' | 'start' | 'env' | 'install'>, unknown>)
}

function configure(kind: AgentKind, operator: OperatorAgent): AgentKind {
  const { command, provider, baseUrl, keyVariable, retries } = operator
  const keys = keyVariable ? [keyVariable] : []
  return {
    ...kind,
    title: operator.title ?? kind.title,
    env: [...new Set([...kind.env, ...operator.env, ...keys])],
    fixedEnv: { ...kind.fixedEnv, ...operator.set },
    modes: { ...kind.modes, ...operator.modes },
    modesInSandbox: { ...kind.modesInSandbox, ...operator.modes },
    operator,
    start(options: StartOptions): StartCommand | undefined {
      const model = options.model ?? operator.model
      const given = options.command ?? command
      return kind.start({
        ...options,
        ...(given ? { command: given } : {}),
        ...(model ? { model } : {}),
        ...(provider ? { provider } : {}),
        ...(baseUrl ? { baseUrl } : {}),
        ...(keyVariable ? { keyVariable } : {}),
        ...(retries === undefined ? {} : { retries }),
      })
    },
  }
}

/** Why a repository may not have this model; undefined when it may. */
export function modelForbidden(kind: Pick<AgentKind, 'operator'>, model: string | undefined): boolean {
  const allowed = kind.operator?.models
  return model !== undefined && allowed !== undefined && !allowed.includes(model) && model !== kind.operator?.model
}
