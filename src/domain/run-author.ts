/** Who has made the commit of a run. */

/** Stand in the place of an agent in `runs.agent`: a person's push, and the update of a branch by git alone. */
export const notAgents: readonly string[] = ['person', 'git']

/** Whether an agent has worked in this run; otherwise only the gates have. */
export function isAgentRun({ agent }: { agent: string }): boolean {
  return !notAgents.includes(agent)
}
