/** Whether programs of agents and repositories run in a sandbox. */

import { type SandboxMode, sandboxModes } from '../config/sandbox-settings.ts'

/**
 * The mode for a repository: the stricter of what the operator and the repository want, so that no repository can switch
 * off what the operator has chosen.
 */
export function stricterSandbox(operator: SandboxMode, repository: SandboxMode | undefined): SandboxMode {
  const rank = (mode: SandboxMode) => sandboxModes.indexOf(mode)
  return repository !== undefined && rank(repository) > rank(operator) ? repository : operator
}
