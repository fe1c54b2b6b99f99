/** What a process does, and which jobs it takes. */

/** `web`: webhooks, doors, decisions, writes to GitHub. `runner`: agents and gates. `all`: both, the default. */
export type ProcessRole = 'all' | 'web' | 'runner'

/** Every role, as `tutti serve --only` takes the last two. */
export const partRoles = ['web', 'runner'] as const satisfies readonly ProcessRole[]

/** Which part of the work one process does. */
export interface ProcessPart {
  role: ProcessRole
  /** Agents at once in this process; as many as memory allows when absent. */
  slots?: number | undefined
  /** What it has that others do not, such as `gpu`. It takes only items that ask for some of it. */
  labels?: readonly string[] | undefined
}

/** Whether a process of this role runs code of repositories: agents, gates, batches of the merge queue. */
export function runsAgents(role: ProcessRole): boolean {
  return role !== 'web'
}

/** Whether a process of this role answers people and GitHub: webhooks, doors, timers, decisions, writes. */
export function servesPeople(role: ProcessRole): boolean {
  return role !== 'runner'
}

/** Whether a process of this role takes a job. @param needsCheckout the job runs code of a repository. */
export function takesJob(role: ProcessRole, needsCheckout: boolean): boolean {
  return needsCheckout ? runsAgents(role) : servesPeople(role)
}
