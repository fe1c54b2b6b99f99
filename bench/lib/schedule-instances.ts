/** Published scheduling instances as backlogs: each task becomes a work item. */
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { OperatorError } from '../../src/lib/errors.ts'

export type Instance = {
  file: string
  /** The duration of each task, in the unit of the file. */
  durations: number[]
  /** The blockers of each task. */
  waitsFor: number[][]
  /** The footprint of each task: the machine that it needs alone, or none. */
  footprints: string[][]
}

/** The best known makespan of one file with `agents` agents. */
export type Optimum = { agents: number; best: number }

/**
 * Reads `.stg` (Standard Task Graph Set) or `.txt` (job shop: `jobs machines`, then a line of machine and duration
 * pairs for each job).
 * @throws {OperatorError} when the file is not of its format.
 */
export function readInstance(path: string): Instance {
  const rows = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/).map(Number))
  if (rows.flat().some((value) => !Number.isInteger(value) || value < 0)) {
    throw new OperatorError(`${path} is not a scheduling instance: it contains something else than whole numbers`)
  }
  return path.endsWith('.stg') ? readTaskGraph(path, rows) : readJobShop(path, rows)
}

/**
 * The best known makespans of a file: the rows of `optima.csv` beside it.
 * @returns empty when there is no such file or row.
 */
export function readOptima(path: string): Optimum[] {
  const table = join(dirname(path), 'optima.csv')
  if (!existsSync(table)) return []
  const [head = '', ...lines] = readFileSync(table, 'utf8').trim().split('\n')
  const columns = head.split(',')
  const column = (cells: string[], name: string) => cells[columns.indexOf(name)] ?? ''
  return lines
    .map((line) => line.split(','))
    .filter((cells) => column(cells, 'file') === basename(path))
    .map((cells) => ({ agents: Number(column(cells, 'k')), best: Number(column(cells, 'ub')) }))
}

function readTaskGraph(path: string, [head, ...rows]: number[][]): Instance {
  // The first and the last task are dummies without duration. The head does not count them, and every task waits for
  // the first.
  const size = head?.[0] ?? 0
  if (rows.length !== size + 2 || rows.some((row, at) => row[0] !== at || row.length !== 3 + (row[2] ?? 0))) {
    throw new OperatorError(`${path} is not a Standard Task Graph of ${size} tasks`)
  }
  const tasks = rows.slice(1, -1)
  return {
    file: basename(path),
    durations: tasks.map((row) => row[1] ?? 0),
    waitsFor: tasks.map((row) => row.slice(3).flatMap((task) => (task === 0 ? [] : [task - 1]))),
    footprints: tasks.map(() => []),
  }
}

function readJobShop(path: string, [head, ...rows]: number[][]): Instance {
  const [jobs = 0, machines = 0] = head ?? []
  if (rows.length !== jobs || rows.some((row) => row.length !== 2 * machines)) {
    throw new OperatorError(`${path} is not a job shop of ${jobs} jobs on ${machines} machines`)
  }
  const instance: Instance = { file: basename(path), durations: [], waitsFor: [], footprints: [] }
  for (const row of rows) {
    for (let step = 0; step < machines; step++) {
      instance.waitsFor.push(step === 0 ? [] : [instance.durations.length - 1])
      instance.durations.push(row[2 * step + 1] ?? 0)
      instance.footprints.push([`machines/${row[2 * step]}`])
    }
  }
  return instance
}
