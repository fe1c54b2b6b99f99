/** Who has made the commit of a run. */

/** Stand in the place of an agent in `runs.agent`: a person's push, and the update of a branch by git alone. */
export const notAgents: readonly string[] = ['person', 'git']

/** The run of an agent that has made a commit, else the last one that has finished; of several candidates that need not be the last. */
export function agentRunOf<Run extends { agent: string; outcome: string | null; headSha: string | null }>(
  runs: readonly Run[],
  head: string | null,
): Run | undefined {
  const ofAgents = runs.filter(isAgentRun)
  return ofAgents.findLast((run) => run.headSha === head) ?? ofAgents.findLast(({ outcome }) => outcome === 'finished')
}

/** Whether an agent has worked in this run; otherwise only the gates have. */
export function isAgentRun({ agent }: { agent: string }): boolean {
  return !notAgents.includes(agent)
}
