/** Which kind of agent works on an item, and with which model. */

import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import { defaultSettings } from '../config/settings.ts'
import { type BestOf, nextCandidateKind } from './best-of.ts'
import { moduleOf } from './labels.ts'
import type { RunPurpose } from './run-purpose.ts'
import { workflowNamed } from './workflows.ts'

/** What an agent can be there for, as the settings name it. */
export type AgentRole = 'planner' | 'architect' | 'builder' | 'reviewer'

/** The role of a run, by its purpose. */
export function settingsRole(purpose: RunPurpose): AgentRole {
  if (purpose === 'build') return 'builder'
  if (purpose === 'propose') return 'architect'
  return purpose === 'review' ? 'reviewer' : 'planner'
}

/**
 * The agent that plans the item, or that builds it, by the state of the item. The first that is set of: the
 * kind whose turn it is where several build it, what the retry policy has chosen for the item, the planner's, the loop's, the module's, the builder's, the repository's, the operator's.
 */
export function chooseAgent(
  item: { labels: readonly string[]; state: string; loop?: string; agent?: string | null; bestOf?: BestOf | null },
  repo: { settings: Settings | null } | undefined,
  env: Pick<Env, 'AGENT'>,
): string {
  const settings = repo?.settings ?? defaultSettings()
  const module = moduleOf(item)
  const loop = item.loop ? workflowNamed(settings, item.loop) : undefined
  const planner = item.state === 'planning' ? settings.roles?.planner?.agent : undefined
  // Settings from before there were modules have none.
  const ofModule = module && settings.modules?.[module]?.agent
  const builder = item.state === 'planning' ? undefined : settings.roles?.builder?.agent
  const candidate = item.state === 'planning' ? undefined : nextCandidateKind(item.bestOf)
  return candidate || item.agent || planner || loop?.agent || ofModule || builder || settings.agent || env.AGENT
}

/**
 * The agent that reviews what another one has built: the one of the settings, else one of another kind that may work here.
 * Where there is none, the same kind reviews in a session of its own.
 * @param builder the kind that made the last commit; '' where a person did.
 */
export function chooseReviewer(settings: Settings, builder: string, env: Pick<Env, 'AGENT'>): string {
  const named = settings.roles?.reviewer?.agent
  const usual = settings.agent ?? env.AGENT
  return named ?? [...settings.recovery.agents, usual].find((kind) => kind !== builder) ?? usual
}

/** The agent that proposes work: the one of the settings, else the planner's, else the usual one. */
export function chooseArchitect(settings: Settings, env: Pick<Env, 'AGENT'>): string {
  const { architect, planner } = settings.roles ?? {}
  return architect?.agent ?? planner?.agent ?? settings.agent ?? env.AGENT
}

/**
 * The model that the repository names for a run; undefined where it names none. A role's model is for the role's own kind:
 * another kind that takes over has its own names.
 */
export function chooseModel(settings: Settings, role: AgentRole, agent: string): string | undefined {
  const { agent: kind = agent, model } = settings.roles?.[role] ?? {}
  return (kind === agent ? model : undefined) ?? settings.agents[agent]?.model
}
