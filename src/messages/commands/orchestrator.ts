/** One line for people beside the data that programs get. */

export const agentCount = (agents: number) => (agents === 1 ? 'One agent.' : `${agents} agents.`)

export const workQueueText = (totals: {
  pending: number
  inProgress: number
  completed: number
  needsPerson: number
}) =>
  `${totals.pending} pending, ${totals.needsPerson} waiting for a person, ${totals.inProgress} in progress, ${totals.completed} completed.`
