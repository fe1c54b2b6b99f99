/** The makespan of published instances with `choose()` and with simple rules, compared with the best known makespan. */
import { parseArgs } from 'node:util'
import { OperatorError } from '../src/lib/errors.ts'
import { lognormal, seeded } from '../src/scheduler/optimiser/random.ts'
import { type Instance, readInstance, readOptima } from './lib/schedule-instances.ts'
import { byChoose, byRule, type PlanOptions, simulate } from './lib/schedule-simulation.ts'

/** One line for the list of benchmarks. */
export const about = 'makespan of published scheduling instances under choose(), against the best known'

const METHODS = ['fifo', 'mostSuccessors', 'criticalPath', 'rule', 'portfolio', 'choose'] as const
type Method = (typeof METHODS)[number]
type Ratios = Record<Method, number>

type Row = {
  file: string
  agents: number
  best: number
  makespan: number
  /** Makespan with exact durations / best known. */
  exact: Ratios
  /** Makespan with wrong durations / the makespan of `choose()` when it knows the actual ones. */
  off: Ratios
  planMs: number
}

const USAGE = 'usage: npm run bench -- makespan [--agents K] [--seed N] [--sigma S] [--timetables N] [--json] FILE…'

/** Timetables for a new plan after each wrong duration. */
const REPLAN_TIMETABLES = 400

/**
 * Prints, for each file and number of agents, makespan / best known with exact durations, and the same with durations
 * wrong by a lognormal factor. Both are deterministic.
 * @throws {OperatorError} when a file cannot be read or its best makespan is not known.
 */
export async function run(argv: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      agents: { type: 'string' },
      seed: { type: 'string', default: '1' },
      sigma: { type: 'string', default: '0.5' },
      timetables: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  if (positionals.length === 0) throw new OperatorError('no instance given', USAGE)
  const agents = values.agents === undefined ? undefined : Number(values.agents)
  const rows = positionals.flatMap((path) => {
    const optima = readOptima(path).filter((one) => agents === undefined || one.agents === agents)
    if (optima.length === 0) throw new OperatorError(`optima.csv beside ${path} does not know it`, USAGE)
    return optima.map((one) => {
      const options = {
        seed: Number(values.seed),
        sigma: Number(values.sigma),
        timetables: values.timetables === undefined ? undefined : Number(values.timetables),
      }
      return measure(readInstance(path), one.agents, one.best, options)
    })
  })
  const means = { exact: mean(rows.map((row) => row.exact)), off: mean(rows.map((row) => row.off)) }
  process.stdout.write(values.json ? `${JSON.stringify({ rows, mean: means })}\n` : table(rows, means))
}

function measure(
  instance: Instance,
  agents: number,
  best: number,
  options: { seed: number; sigma: number; timetables: number | undefined },
): Row {
  const { seed, timetables } = options
  const exact = {} as Ratios
  const off = {} as Ratios
  const estimates = instance.durations
  const random = seeded(seed)
  const actual = estimates.map((duration) => Math.max(1, Math.round(duration * lognormal(random, options.sigma))))
  const genetic = { seed, method: 'genetic', timetables } as const
  const clairvoyant = simulate(
    instance,
    agents,
    actual,
    byChoose(instance, agents, actual, { plan: genetic, estimateSpread: 0 }),
  )
  const rules: [Method, number[]][] = [
    ['fifo', estimates.map((_, task) => -task)],
    ['mostSuccessors', successors(instance)],
    ['criticalPath', tails(instance)],
  ]
  for (const [method, keys] of rules) {
    exact[method] = simulate(instance, agents, estimates, byRule(instance, agents, keys)) / best
    off[method] = simulate(instance, agents, actual, byRule(instance, agents, keys)) / clairvoyant
  }
  const chosen = (durations: number[], plans: Omit<PlanOptions, 'estimateSpread'>) => {
    const estimateSpread = durations === estimates ? 0 : options.sigma
    return simulate(instance, agents, durations, byChoose(instance, agents, estimates, { ...plans, estimateSpread }))
  }
  const portfolio = { seed, method: 'portfolio' } as const
  exact.rule = chosen(estimates, {}) / best
  exact.portfolio = chosen(estimates, { plan: portfolio }) / best
  const start = performance.now()
  const makespan = chosen(estimates, { plan: genetic })
  const planMs = performance.now() - start
  exact.choose = makespan / best
  off.rule = chosen(actual, {}) / clairvoyant
  off.portfolio = chosen(actual, { plan: portfolio, replan: portfolio }) / clairvoyant
  off.choose = chosen(actual, { plan: genetic, replan: { ...genetic, timetables: REPLAN_TIMETABLES } }) / clairvoyant
  return { file: instance.file, agents, best, makespan, exact, off, planMs: Math.round(planMs) }
}

function dependentsOf(instance: Instance): number[][] {
  const after: number[][] = instance.durations.map(() => [])
  instance.waitsFor.forEach((blockers, task) => {
    for (const blocker of blockers) after[blocker]?.push(task)
  })
  return after
}

function successors(instance: Instance): number[] {
  const after = dependentsOf(instance)
  return after.map((_, start) => {
    const found = new Set([start])
    for (const task of found) for (const next of after[task] ?? []) found.add(next)
    return found.size - 1
  })
}

function tails(instance: Instance): number[] {
  const after = dependentsOf(instance)
  const known: (number | undefined)[] = []
  const tail = (task: number): number => {
    const value = known[task] ?? (instance.durations[task] ?? 0) + Math.max(0, ...(after[task] ?? []).map(tail))
    known[task] = value
    return value
  }
  return [...after.keys()].map(tail)
}

function mean(all: Ratios[]): Ratios {
  const of = (method: Method) => all.reduce((sum, one) => sum + one[method], 0) / all.length
  return Object.fromEntries(METHODS.map((method) => [method, of(method)])) as Ratios
}

function table(rows: Row[], means: { exact: Ratios; off: Ratios }): string {
  const head = `${'file'.padEnd(20)}${'k'.padStart(3)}${'best'.padStart(6)}  ${METHODS.map((method) => method.padStart(15)).join('')}`
  const cells = (ratios: Ratios) => METHODS.map((method) => ratios[method].toFixed(4).padStart(15)).join('')
  const line = (row: Row, ratios: Ratios) =>
    `${row.file.padEnd(20)}${String(row.agents).padStart(3)}${String(row.best).padStart(6)}  ${cells(ratios)}`
  return [
    'Exact durations: makespan / best known',
    head,
    ...rows.map((row) => `${line(row, row.exact)}  ${row.planMs} ms`),
    `${'mean'.padEnd(31)}${cells(means.exact)}`,
    '',
    'Wrong durations: makespan / makespan of choose() with the actual ones',
    head,
    ...rows.map((row) => line(row, row.off)),
    `${'mean'.padEnd(31)}${cells(means.off)}`,
    '',
  ].join('\n')
}
