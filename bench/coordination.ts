/** What agents lose to each other without locks, with locks, and with a scheduler that knows who does what. */

import { parseArgs } from 'node:util'
import { OperatorError } from '../src/lib/errors.ts'
import { seeded } from '../src/scheduler/optimiser/random.ts'
import { type CoordinationFigures, makeTasks, regimes, simulate } from './lib/coordination-world.ts'

/** One line for the list of benchmarks. */
export const about = 'duplicate work, conflicting edits and goodput of 32 simulated agents in three regimes'

const USAGE =
  'usage: npm run bench -- coordination [--agents N] [--tasks T] [--files F] [--rounds R] [--seed S] [--json]'

/** Published for 32 agents in arXiv 2606.19616. Its tasks, and its unit of goodput, are not ours: read them as an order of size. */
const published = { conflictingEdits: 48, goodput: 8 }

/**
 * Simulates R backlogs in each regime, and prints the means. Exit code 1 when the scheduler lets an agent do what is done,
 * or two agents change one file at once.
 * @param argv see USAGE.
 * @throws {OperatorError} when an argument is not a number above 0.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      agents: { type: 'string', default: '32' },
      tasks: { type: 'string', default: '400' },
      files: { type: 'string', default: '300' },
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  })
  const numbers = [values.agents, values.tasks, values.files, values.rounds, values.seed].map(Number)
  if (!numbers.every((number) => Number.isInteger(number) && number > 0))
    throw new OperatorError('every value is a whole number above 0', USAGE)
  const [agents = 0, tasks = 0, files = 0, rounds = 0, seed = 0] = numbers
  const results = regimes.map((regime) =>
    mean(
      Array.from({ length: rounds }, (_, round) => {
        const random = seeded(seed + round)
        return simulate(regime, makeTasks(tasks, files, random), agents, random)
      }),
    ),
  )
  const ours = results.at(-1)
  if (ours && (ours.duplicateWork > 0 || ours.conflictingEdits > 0)) process.exitCode = 1
  if (values.json)
    process.stdout.write(`${JSON.stringify({ agents, tasks, files, rounds, seed, results, published })}\n`)
  else process.stdout.write(table(results, `${agents} agents, ${tasks} tasks on ${files} files, ${rounds} backlogs`))
}

function mean(all: readonly CoordinationFigures[]): CoordinationFigures {
  const of = (key: Exclude<keyof CoordinationFigures, 'regime'>) =>
    Number((all.reduce((sum, one) => sum + one[key], 0) / all.length).toFixed(2))
  return {
    regime: all[0]?.regime ?? 'no locks',
    makespan: of('makespan'),
    duplicateWork: of('duplicateWork'),
    conflictingEdits: of('conflictingEdits'),
    goodput: of('goodput'),
    waiting: of('waiting'),
  }
}

function table(results: readonly CoordinationFigures[], heading: string): string {
  const rows = results.map(({ regime, duplicateWork, conflictingEdits, goodput, makespan, waiting }) =>
    [
      regime.padEnd(24),
      `${duplicateWork} %`.padStart(10),
      String(conflictingEdits).padStart(10),
      String(goodput).padStart(8),
      `${makespan} h`.padStart(9),
      `${waiting} h`.padStart(10),
    ].join(' '),
  )
  const head = `${''.padEnd(24)} ${'duplicate'.padStart(10)} ${'conflicts'.padStart(10)} ${'goodput'.padStart(8)} ${'makespan'.padStart(9)} ${'waiting'.padStart(10)}`
  return `${heading}\n${head}\n${rows.join('\n')}\npublished for 32 agents on other tasks (arXiv 2606.19616): ${published.conflictingEdits} conflicts, goodput ${published.goodput.toFixed(2)}\n`
}
