/** The quality of predicted footprints on the history of a real repository. */
import { spawnSync } from 'node:child_process'
import { OperatorError } from '../../src/lib/errors.ts'
import {
  type Evaluation,
  evaluatePredictions,
  type HistorySample,
  surePaths,
} from '../../src/scheduler/optimiser/predict-files.ts'

/** A commit with more files than this is a move or a reformat: it is no example of work. */
const MAX_FILES = 50

/** This share of the oldest commits is only used for learning. */
const LEARNING_SHARE = 0.2

/**
 * Predicts every commit on the current branch from the commits before it, with its subject as the title of the issue.
 * Prints precision and recall of all predictions, and of the certain ones that the scheduler uses. Both also with the
 * module, as for an issue with a `module:` label (here: the directory with most of its files).
 * @param repository a directory with a git repository.
 * @throws {OperatorError} when git cannot read it.
 */
export function printHistory(repository: string, json: boolean): void {
  const history = readHistory(repository)
  const skip = Math.ceil(LEARNING_SHARE * history.length)
  const labelled = history.map((sample) => ({ ...sample, module: moduleOf(sample.files) }))
  const figures = {
    all: evaluatePredictions(history, skip),
    sure: evaluatePredictions(history, skip, surePaths),
    allWithModule: evaluatePredictions(labelled, skip),
    sureWithModule: evaluatePredictions(labelled, skip, surePaths),
  }
  const result = { repository, commits: history.length, ...figures.all, ...figures }
  if (json) {
    process.stdout.write(`${JSON.stringify(result)}\n`)
    return
  }
  process.stdout.write(
    [
      `${result.commits} commits, ${result.asked} evaluated; ${result.existing.toFixed(3)} of the files existed before`,
      row('from the title, all', figures.all),
      row('from the title, sure ones', figures.sure),
      row('and its module, all', figures.allWithModule),
      row('and its module, sure ones', figures.sureWithModule),
      '',
    ].join('\n'),
  )
}

function row(name: string, { answered, precision, recall }: Evaluation): string {
  return `${name.padEnd(26)} ${answered} answered, precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`
}

/** The directory with most files, at most two levels deep: it takes the place of a module. */
function moduleOf(files: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const file of files) {
    const name = file.split('/').slice(0, -1).slice(0, 2).join('/')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0] ?? ''
}

function readHistory(repository: string): HistorySample[] {
  const args = ['-C', repository, 'log', '--reverse', '--no-merges', '--name-only', '--format=%x1e%s%x1f', '-z']
  const git = spawnSync('git', args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (git.status !== 0) throw new OperatorError(`git cannot read the history of ${repository}`, git.stderr)
  return git.stdout
    .split('\x1e')
    .slice(1)
    .map((entry): HistorySample => {
      const [title = '', rest = ''] = entry.split('\x1f')
      const files = rest.split(/[\0\n]/).filter((file) => file !== '')
      return { title, labels: [], files }
    })
    .filter((sample) => sample.files.length > 0 && sample.files.length <= MAX_FILES)
}
