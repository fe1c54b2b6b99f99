/** The limits of starts: agents at once, memory, budgets, and paused repositories. */
import type { Reason } from './decision.ts'
import type { Budget, Caps, Memory, RepositoryState, Run, Snapshot } from './types.ts'

/** The parts of a snapshot that limit what runs at once. */
export type Limits = Pick<Snapshot, 'caps' | 'memory' | 'budget' | 'repos'>

/** Agents at once in a repository that is set to a mode. `parallel-async` is for 2 to 4 items. */
const MODE_CAPS = { sequential: 1, 'parallel-async': 4 } as const

/** Counts the runs, and checks whether one more agent of a kind may start in a repository. */
export class Admission {
  limits: Limits
  #total = 0
  /** Bytes of the free memory that running agents may still use. */
  #memoryOwed = 0
  #reserved = 0
  readonly #repositories = new Map<string, { agents: number; reserved: number }>()
  readonly #kinds = new Map<string, number>()
  /** The same in one repository, by both names. */
  readonly #kindsIn = new Map<string, number>()

  constructor({ caps, memory, budget, repos }: Limits) {
    // A copy: the object may be a whole snapshot, which is not needed any longer.
    this.limits = { caps, memory, budget, repos }
  }

  /** Running agents of the repository. */
  agents(repository: string): number {
    return this.#repositories.get(repository)?.agents ?? 0
  }

  repo(repository: string): RepositoryState | undefined {
    return this.limits.repos?.[repository]
  }

  /** Agents that the total cap and the memory allow at once, with the running ones; undefined when neither is set. */
  maxAgents(): number | undefined {
    const { caps, memory } = this.limits
    const total = caps?.total ?? Number.POSITIVE_INFINITY
    const fitting = memory
      ? Math.max(0, memory.free - memory.floor - this.#memoryOwed) / memory.perAgent
      : Number.POSITIVE_INFINITY
    const max = Math.min(total, this.#total + Math.floor(fitting))
    return Number.isFinite(max) ? max : undefined
  }

  /** Agents at once in the repository, by its cap and its mode; undefined without such a limit. */
  maxAgentsIn(repository: string): number | undefined {
    const repo = this.repo(repository)
    const mode = repo?.mode === undefined || repo.mode === 'parallel-threads' ? undefined : MODE_CAPS[repo.mode]
    const cap = repo?.cap ?? this.limits.caps?.perRepository
    return mode === undefined || cap === undefined ? (mode ?? cap) : Math.min(mode, cap)
  }

  /** Agents of a kind at once in the repository; undefined without such a limit. */
  maxOfKindIn(repository: string, kind: string): number | undefined {
    return this.repo(repository)?.singletons?.includes(kind) ? 1 : undefined
  }

  /** Adds a run to the counts. */
  add(run: Run): void {
    this.#count(run, 1)
  }

  /** Removes a run from the counts that was added with the same values. */
  remove(run: Run): void {
    this.#count(run, -1)
  }

  /** The money to reserve for a run of this kind in the repository, in millionths of its currency. */
  costOf(repository: string, agentKind: string): number {
    const repo = this.repo(repository)
    const costs = repo?.perRun === undefined ? this.limits.budget : repo
    return costs?.perRunOfKind?.[agentKind] ?? costs?.perRun ?? 0
  }

  /** Whether the repository spends from the budget of all repositories. */
  #usesTotalBudget(repository: string): boolean {
    const currency = this.repo(repository)?.currency
    return currency === undefined || currency === this.limits.budget?.currency
  }

  /** The first reason against one more agent of this kind in the repository, or undefined. */
  refusal(repository: string, agentKind: string): Reason | undefined {
    for (const check of this.#checks) {
      const reason = check(repository, agentKind)
      if (reason) return reason
    }
    return undefined
  }

  /** Every reason against one more agent of this kind in the repository. */
  refusals(repository: string, agentKind: string): Reason[] {
    return this.#checks.map((check) => check(repository, agentKind)).filter((reason) => reason !== undefined)
  }

  readonly #checks: readonly ((repository: string, agentKind: string) => Reason | undefined)[] = [
    (repository) => {
      const repo = this.repo(repository)
      return repo?.paused ? { kind: 'paused', repository, because: repo.pausedBecause } : undefined
    },
    () => capReason('total', '', this.limits.caps?.total, this.#total),
    (repository) => {
      const limit = this.repo(repository)?.cap ?? this.limits.caps?.perRepository
      return capReason('repository', repository, limit, this.agents(repository))
    },
    (repository) => {
      const mode = this.repo(repository)?.mode
      if (mode === undefined || mode === 'parallel-threads') return undefined
      return capReason(mode, repository, MODE_CAPS[mode], this.agents(repository))
    },
    (_, kind) => capReason('agent-kind', kind, this.limits.caps?.perAgentKind?.[kind], this.#kinds.get(kind) ?? 0),
    (repository, kind) =>
      capReason('singleton', kind, this.maxOfKindIn(repository, kind), this.#kindsIn.get(`${repository} ${kind}`) ?? 0),
    (_, kind) => memoryReason(this.limits.memory, kind, this.#memoryOwed),
    (repository, kind) => {
      const needed = this.#usesTotalBudget(repository) ? this.costOf(repository, kind) : 0
      return budgetReason('total', needed, this.#reserved, this.limits.budget)
    },
    (repository, kind) => {
      const { budgetLeft: left, budgetLimit: limit, currency } = this.repo(repository) ?? {}
      const reserved = this.#repositories.get(repository)?.reserved ?? 0
      return budgetReason('repository', this.costOf(repository, kind), reserved, { left, limit, currency })
    },
  ]

  #count(run: Run, by: 1 | -1): void {
    const agents = run.agent === false ? 0 : by
    const reserved = by * (run.reserved ?? 0)
    const counts = this.#repositories.get(run.repository) ?? { agents: 0, reserved: 0 }
    this.#repositories.set(run.repository, { agents: counts.agents + agents, reserved: counts.reserved + reserved })
    this.#kinds.set(run.agentKind, (this.#kinds.get(run.agentKind) ?? 0) + agents)
    const here = `${run.repository} ${run.agentKind}`
    this.#kindsIn.set(here, (this.#kindsIn.get(here) ?? 0) + agents)
    this.#total += agents
    if (this.#usesTotalBudget(run.repository)) this.#reserved += reserved
    if (run.memoryUsed === undefined) return
    this.#memoryOwed += agents * Math.max(0, memoryOf(this.limits.memory, run.agentKind) - run.memoryUsed)
  }
}

function capReason(
  scope: Extract<Reason, { kind: 'cap' }>['scope'],
  name: string,
  limit: Caps['total'],
  running: number,
): Reason | undefined {
  return limit !== undefined && running >= limit ? { kind: 'cap', scope, name, limit } : undefined
}

function memoryOf(memory: Memory | undefined, kind: string): number {
  return memory ? (memory.perAgentKind?.[kind] ?? memory.perAgent) : 0
}

function memoryReason(memory: Memory | undefined, kind: string, memoryOwed: number): Reason | undefined {
  if (!memory) return undefined
  const needed = memoryOf(memory, kind)
  const available = Math.max(0, memory.free - memory.floor - memoryOwed)
  return needed > available ? { kind: 'memory', needed, available } : undefined
}

function budgetReason(
  scope: 'total' | 'repository',
  needed: number,
  reserved: number,
  budget: Pick<Budget, 'left' | 'limit' | 'currency'> | undefined,
): Reason | undefined {
  if (budget?.left === undefined) return undefined
  const { limit, currency } = budget
  const available = budget.left - reserved
  if (needed <= available && available > 0) return undefined
  return {
    kind: 'budget',
    scope,
    needed,
    left: Math.max(0, available),
    ...(limit === undefined ? {} : { limit }),
    ...(currency === undefined ? {} : { currency }),
  }
}
