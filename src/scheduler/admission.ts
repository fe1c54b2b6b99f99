/** The limits of starts: agents at once, memory, budgets, and paused repositories. */
import type { Reason } from './decision.ts'
import type { Allowance, Budget, Caps, Memory, RepositoryState, Run, RunClass, Snapshot } from './types.ts'

/** The parts of a snapshot that limit what runs at once. */
export type Limits = Pick<Snapshot, 'caps' | 'memory' | 'budget' | 'tokens' | 'repos'>

/** Agents at once in a repository that is set to a mode. `parallel-async` is for 2 to 4 items. */
const MODE_CAPS = { sequential: 1, 'parallel-async': 4 } as const

interface Counts {
  agents: number
  reserved: number
  reservedTokens: number
}

/** Counts the runs, and checks whether one more agent of a kind may start in a repository. */
export class Admission {
  limits: Limits
  #total = 0
  /** Bytes of the free memory that running agents may still use. */
  #memoryOwed = 0
  #reserved = 0
  #reservedTokens = 0
  readonly #repositories = new Map<string, Counts>()
  readonly #kinds = new Map<string, number>()
  /** The same in one repository, by both names. */
  readonly #kindsIn = new Map<string, number>()

  constructor({ caps, memory, budget, tokens, repos }: Limits) {
    // A copy: the object may be a whole snapshot, which is not needed any longer.
    this.limits = { caps, memory, budget, tokens, repos }
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

  /** The money to reserve for such a run in the repository, in millionths of its currency. */
  costOf(repository: string, run: RunClass): number {
    const repo = this.repo(repository)
    return expected(repo?.perRun === undefined ? this.limits.budget : repo, run)
  }

  /** The tokens to reserve for such a run in the repository. */
  tokensOf(repository: string, run: RunClass): number {
    return expected(this.repo(repository)?.tokens ?? this.limits.tokens, run)
  }

  /** Whether the repository spends from the budget of all repositories. */
  #usesTotalBudget(repository: string): boolean {
    const currency = this.repo(repository)?.currency
    return currency === undefined || currency === this.limits.budget?.currency
  }

  /** The first reason against one more such run in the repository, or undefined. */
  refusal(repository: string, run: RunClass): Reason | undefined {
    for (const check of this.#checks) {
      const reason = check(repository, run)
      if (reason) return reason
    }
    return undefined
  }

  /** Every reason against one more such run in the repository. */
  refusals(repository: string, run: RunClass): Reason[] {
    return this.#checks.map((check) => check(repository, run)).filter((reason) => reason !== undefined)
  }

  readonly #checks: readonly ((repository: string, run: RunClass) => Reason | undefined)[] = [
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
    (_, { agentKind: kind }) =>
      capReason('agent-kind', kind, this.limits.caps?.perAgentKind?.[kind], this.#kinds.get(kind) ?? 0),
    (repository, { agentKind: kind }) =>
      capReason('singleton', kind, this.maxOfKindIn(repository, kind), this.#kindsIn.get(`${repository} ${kind}`) ?? 0),
    (_, { agentKind }) => memoryReason(this.limits.memory, agentKind, this.#memoryOwed),
    (repository, run) => {
      const needed = this.#usesTotalBudget(repository) ? this.costOf(repository, run) : 0
      return budgetReason('total', needed, this.#reserved, this.limits.budget)
    },
    (repository, run) => {
      const { budgetLeft: left, budgetLimit: limit, currency } = this.repo(repository) ?? {}
      const reserved = this.#repositories.get(repository)?.reserved ?? 0
      return budgetReason('repository', this.costOf(repository, run), reserved, { left, limit, currency })
    },
    (repository, run) => tokenReason('total', this.tokensOf(repository, run), this.#reservedTokens, this.limits.tokens),
    (repository, run) => {
      const reserved = this.#repositories.get(repository)?.reservedTokens ?? 0
      return tokenReason('repository', this.tokensOf(repository, run), reserved, this.repo(repository)?.tokens)
    },
  ]

  #count(run: Run, by: 1 | -1): void {
    const agents = run.agent === false ? 0 : by
    const reserved = by * (run.reserved ?? 0)
    const tokens = by * (run.reservedTokens ?? 0)
    const counts = this.#repositories.get(run.repository) ?? { agents: 0, reserved: 0, reservedTokens: 0 }
    this.#repositories.set(run.repository, {
      agents: counts.agents + agents,
      reserved: counts.reserved + reserved,
      reservedTokens: counts.reservedTokens + tokens,
    })
    this.#reservedTokens += tokens
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

/** What one such run is expected to use: as runs of its kind and size, else of its kind, else any. */
function expected(allowance: Partial<Allowance> | undefined, { agentKind, size }: RunClass): number {
  const known = allowance?.perRunOfKind
  return known?.[`${agentKind} ${size}`] ?? known?.[agentKind] ?? allowance?.perRun ?? 0
}

function tokenReason(
  scope: 'total' | 'repository',
  needed: number,
  reserved: number,
  allowance: Allowance | undefined,
): Reason | undefined {
  const reason = budgetReason(scope, needed, reserved, allowance && { left: allowance.left, limit: allowance.limit })
  return reason && { ...reason, unit: 'tokens' }
}

function budgetReason(
  scope: 'total' | 'repository',
  needed: number,
  reserved: number,
  budget: Pick<Partial<Budget>, 'left' | 'limit' | 'currency'> | undefined,
): Extract<Reason, { kind: 'budget' }> | undefined {
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
