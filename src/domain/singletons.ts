/** At most one live agent for each item always, and for each kind that the settings call a singleton. */

/** The kinds of which one agent at most may be at work. @param agents as the settings have them. */
export function singletonKinds(agents: Readonly<Record<string, { singleton?: boolean | undefined }>>): string[] {
  return Object.entries(agents).flatMap(([kind, { singleton }]) => (singleton ? [kind] : []))
}

/** A live agent, as far as the rules look at it. */
export interface LiveAgent {
  run: { id: number; agent: string; purpose: string; stop: string | null }
  item: { id: number; issueNumber: number }
}

/** More live agents than one where there may be one. */
export interface SingletonViolation<Agent extends LiveAgent = LiveAgent> {
  /** What there is one agent of: an issue, or a kind. */
  rule: 'issue' | 'kind'
  keeps: Agent
  /** To be stopped. */
  surplus: Agent[]
  /** Reviews: they change nothing and are over soon, so they go on. */
  reviews: Agent[]
}

/**
 * The violations among the live agents of one repository. Of an issue the newest goes on, because it has the lease; of a
 * kind the oldest, because it has done most.
 * @param singletons kinds of which one may be at work.
 */
export function singletonViolations<Agent extends LiveAgent>(
  live: readonly Agent[],
  singletons: readonly string[],
): SingletonViolation<Agent>[] {
  const oldestFirst = live.toSorted((a, b) => a.run.id - b.run.id)
  const ofIssues = [...Map.groupBy(oldestFirst, ({ item }) => item.id).values()].flatMap((agents) =>
    violation('issue', agents.toReversed()),
  )
  const going = oldestFirst.filter((agent) => !ofIssues.some(({ surplus }) => surplus.includes(agent)))
  const ofKinds = [...new Set(singletons)].flatMap((kind) =>
    violation(
      'kind',
      // One that is being stopped is not the one to keep.
      going
        .filter(({ run }) => run.agent === kind)
        .toSorted((a, b) => Number(a.run.stop !== null) - Number(b.run.stop !== null)),
    ),
  )
  return [...ofIssues, ...ofKinds]
}

function violation<Agent extends LiveAgent>(
  rule: SingletonViolation['rule'],
  [keeps, ...others]: readonly Agent[],
): SingletonViolation<Agent>[] {
  if (!keeps || others.length === 0) return []
  const isReview = ({ run }: Agent) => rule === 'kind' && run.purpose === 'review'
  return [{ rule, keeps, surplus: others.filter((one) => !isReview(one)), reviews: others.filter(isReview) }]
}
