/** Kinds of agent that a repository has named: only these, and those that have worked there, may get its code. */

import type { Settings } from '../../config/settings.ts'

/** The kinds that the settings name, in any role. */
export function kindsNamed({ agent, agents, recovery, roles, modules, loops, bestOf }: Settings): string[] {
  const others = [...Object.values(modules), ...Object.values(loops)].map((one) => one.agent)
  const ofRoles = [roles?.planner, roles?.architect, roles?.builder, roles?.reviewer].map((role) => role?.agent)
  const named = [agent, ...Object.keys(agents), ...recovery.agents, ...ofRoles, ...(bestOf?.agents ?? [])]
  return [...named, ...others].filter((one) => one !== undefined)
}
