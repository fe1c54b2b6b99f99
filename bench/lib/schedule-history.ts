/** How well footprints are predicted on the history of a real repository. */
import { spawnSync } from 'node:child_process'
import { evaluatePredictions, type HistorySample } from '../../src/backlog/schedule/predict.ts'
import { OperatorError } from '../../src/config/errors.ts'

/** A commit that touches more than this is a move or a reformat and says nothing about where work is. */
const MOST_FILES = 50

/** So many of the oldest commits are only learned from. */
const LEARN = 0.2

/**
 * Predicts every commit on the current branch from those before it, its subject standing for the title, and prints
 * precision and recall.
 * @param repository a directory with a git repository.
 * @throws {OperatorError} when git cannot read it.
 */
export function printHistory(repository: string, json: boolean): void {
  const history = readHistory(repository)
  const skip = Math.ceil(LEARN * history.length)
  const result = { repository, commits: history.length, ...evaluatePredictions(history, skip) }
  if (json) {
    process.stdout.write(`${JSON.stringify(result)}\n`)
    return
  }
  process.stdout.write(
    `${result.commits} commits, ${result.asked} asked about, ${result.answered} answered: precision ${result.precision.toFixed(3)}, recall ${result.recall.toFixed(3)} (${result.known.toFixed(3)} of the files were there before)\n`,
  )
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
    .filter((sample) => sample.files.length > 0 && sample.files.length <= MOST_FILES)
}
