/**
 * A team of simulated agents on one backlog, in three regimes. Time is simulated: the same seed gives the same figures on
 * every machine. What an agent knows when it chooses is all that differs between the regimes.
 */

import { type Random, randomInt } from '../../src/scheduler/optimiser/random.ts'
import { Schedule } from '../../src/scheduler/schedule.ts'
import type { Item } from '../../src/scheduler/types.ts'

/**
 * - `no locks`: each agent takes any open task that it knows of. It knows what is merged, not what others are doing.
 * - `locks`: the same, but it waits for its files before it begins. No one tells it that the task was done meanwhile.
 * - `locks and shared state`: the scheduler of this product chooses, with the footprints as locks.
 */
export const regimes = ['no locks', 'locks', 'locks and shared state'] as const
export type Regime = (typeof regimes)[number]

export interface Task {
  id: number
  files: number[]
  hours: number
}

export interface CoordinationFigures {
  regime: Regime
  /** Hours until all tasks are merged. */
  makespan: number
  /** The share of agent hours that went into a task that was merged already, in percent. */
  duplicateWork: number
  /** Files that someone else had changed between the start and the end of the work on them. */
  conflictingEdits: number
  /** Agent hours of merged work in each hour; at most the number of agents. */
  goodput: number
  /** Agent hours spent waiting for a file. */
  waiting: number
}

/** Work whose files have changed meanwhile is brought up to date first; that takes this share of its hours. */
const conflictShare = 0.5

/** Tasks of one to three files each; some files are hot, as in real repositories. */
export function makeTasks(count: number, files: number, random: Random): Task[] {
  // The square makes a fifth of the files as hot as the rest together.
  const file = () => Math.floor(random() ** 2 * files)
  return Array.from({ length: count }, (_, id) => ({
    id,
    files: [...new Set(Array.from({ length: 1 + randomInt(random, 3) }, file))],
    hours: 0.25 + random() * 1.75,
  }))
}

interface Work {
  agent: number
  task: Task
  start: number
  end: number
}

/** Lets the agents work until every task is merged. */
export function simulate(regime: Regime, tasks: readonly Task[], agents: number, random: Random): CoordinationFigures {
  const choose = regime === 'locks and shared state' ? scheduled(tasks, agents) : undefined
  const team = new Team(tasks, regime !== 'no locks')
  let now = 0
  const idle = new Set(Array.from({ length: agents }, (_, agent) => agent))
  const work: Work[] = []
  while (team.merged.size < tasks.length) {
    if (choose) for (const task of choose.next()) begin(takeFirst(idle), task)
    else for (const agent of [...idle]) pick(agent)
    work.sort((a, b) => b.end - a.end)
    const done = work.pop()
    if (!done) throw new Error('every agent waits')
    now = done.end
    if (team.finish(done) === 'conflict') {
      work.push({ ...done, start: now, end: now + done.task.hours * conflictShare })
      continue
    }
    choose?.done(done.task)
    idle.add(done.agent)
    for (const { agent, task } of team.unblocked(now)) begin(agent, task)
  }
  return team.figures(regime, now)

  function pick(agent: number): void {
    const open = tasks.filter((task) => !team.merged.has(task.id))
    const task = open[randomInt(random, open.length)]
    if (!task) return
    idle.delete(agent)
    if (team.mustWait(agent, task, now)) return
    begin(agent, task)
  }

  function begin(agent: number, task: Task): void {
    idle.delete(agent)
    team.lock(task)
    work.push({ agent, task, start: now, end: now + task.hours })
  }
}

function takeFirst(idle: Set<number>): number {
  const [agent] = idle
  if (agent === undefined) throw new Error('the scheduler starts more agents than there are')
  return agent
}

/** What happens to the files, and what it has cost. */
class Team {
  readonly merged = new Set<number>()
  readonly #locking: boolean
  readonly #locked = new Set<number>()
  readonly #changed = new Map<number, number>()
  #queue: { agent: number; task: Task; since: number }[] = []
  readonly #tasks: readonly Task[]
  #useful = 0
  #spent = 0
  #duplicate = 0
  #conflicts = 0
  #waiting = 0

  constructor(tasks: readonly Task[], locking: boolean) {
    this.#tasks = tasks
    this.#locking = locking
  }

  mustWait(agent: number, task: Task, now: number): boolean {
    if (!this.#locking || !task.files.some((file) => this.#locked.has(file))) return false
    this.#queue.push({ agent, task, since: now })
    return true
  }

  lock({ files }: Task): void {
    if (this.#locking) for (const file of files) this.#locked.add(file)
  }

  /** Those whose files are free now, first come, first served. */
  unblocked(now: number): { agent: number; task: Task }[] {
    const started: { agent: number; task: Task }[] = []
    const taken = new Set(this.#locked)
    this.#queue = this.#queue.filter(({ agent, task, since }) => {
      if (task.files.some((file) => taken.has(file))) return true
      for (const file of task.files) taken.add(file)
      this.#waiting += now - since
      started.push({ agent, task })
      return false
    })
    return started
  }

  /** @returns `conflict` when files of the work have changed since its start: it must be brought up to date first. */
  finish({ task, start, end }: Work): 'merged' | 'duplicate' | 'conflict' {
    this.#spent += end - start
    if (this.merged.has(task.id)) {
      this.#duplicate += end - start
      this.#unlock(task)
      return 'duplicate'
    }
    const conflicts = task.files.filter((file) => (this.#changed.get(file) ?? -1) > start).length
    this.#conflicts += conflicts
    if (conflicts > 0) return 'conflict'
    this.#unlock(task)
    this.merged.add(task.id)
    this.#useful += task.hours
    for (const file of task.files) this.#changed.set(file, end)
    return 'merged'
  }

  #unlock({ files }: Task): void {
    if (this.#locking) for (const file of files) this.#locked.delete(file)
  }

  figures(regime: Regime, makespan: number): CoordinationFigures {
    if (this.merged.size !== this.#tasks.length) throw new Error('not every task is merged')
    return {
      regime,
      makespan,
      duplicateWork: (100 * this.#duplicate) / this.#spent,
      conflictingEdits: this.#conflicts,
      goodput: this.#useful / makespan,
      waiting: this.#waiting,
    }
  }
}

/** The scheduler of this product over the same tasks. */
function scheduled(tasks: readonly Task[], agents: number) {
  const item = ({ id, files, hours }: Task): Item => ({
    id: `task-${id}`,
    repository: 'bench/coordination',
    number: id + 1,
    state: 'ready',
    effort: hours,
    since: id,
    footprint: files.map((file) => `src/file-${file}.ts`),
    agentKind: 'simulated',
  })
  const byId = new Map(tasks.map((task) => [`task-${task.id}`, task]))
  const caps = { total: agents }
  const schedule = new Schedule({ items: tasks.map(item), edges: [], runs: [], caps })
  return {
    next(): Task[] {
      return schedule.next().flatMap((decision) => {
        const task = byId.get(decision.item.id)
        if (!task) return []
        const { id, repository, agentKind, footprint } = item(task)
        schedule.apply({ kind: 'run', run: { item: id, repository, agentKind, footprint } })
        return [task]
      })
    },
    done(task: Task): void {
      schedule.apply({ kind: 'item', item: { ...item(task), state: 'done' } })
      schedule.apply({ kind: 'run-ended', item: `task-${task.id}` })
    },
  }
}
