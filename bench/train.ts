/** Merges per run of the tests: the merge queue against one pull request after another. */
import { parseArgs } from 'node:util'
import { defaultSettings } from '../src/config/settings.ts'
import { OperatorError } from '../src/lib/errors.ts'
import { seeded } from '../src/scheduler/optimiser/random.ts'
import { playTrain } from './lib/merge-train.ts'

/** One line for the list of benchmarks. */
export const about = 'merges per test run of the merge queue against one by one, with some pull requests broken'

const USAGE =
  'usage: npm run bench -- train [--pulls N] [--broken SHARE] [--batch N] [--tells SHARE] [--minutes M] [--runs R] [--seed S] [--json]'

interface Row {
  /** The share of failing logs that name a file of the culprit. */
  tells: number
  tests: number
  merged: number
  mergesPerTest: number
  /** Against one by one. */
  ratio: number
  hours: number
}

/**
 * Plays many queues through and prints the mean. One by one, each pull request is tested once on top of its base, and the
 * broken ones are found by that: as many tests as pull requests.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      pulls: { type: 'string', default: '100' },
      broken: { type: 'string', default: '0.05' },
      batch: { type: 'string', default: String(defaultSettings().merge.batch) },
      tells: { type: 'string', default: '0.8' },
      minutes: { type: 'string', default: '10' },
      runs: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  })
  const [pulls, share, batch, tells, minutes, runs, seed] = [
    values.pulls,
    values.broken,
    values.batch,
    values.tells,
    values.minutes,
    values.runs,
    values.seed,
  ].map(Number)
  if (!pulls || !batch || !minutes || !runs || !seed || share === undefined || tells === undefined || !(share < 1))
    throw new OperatorError('the options are numbers, and shares are below 1', USAGE)
  const options = { pulls, broken: Math.round(pulls * share), batch, runs, seed, minutes }
  const rows = [tells, 0].map((one) => mean({ ...options, tells: one }))
  const alone = (pulls - options.broken) / pulls
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ ...options, oneByOne: alone, ratio: rows[0]?.ratio, rows })}\n`)
    return
  }
  const text = rows.map(
    (row) =>
      `logs that name the culprit's file ${String(Math.round(row.tells * 100)).padStart(3)} %: ${row.tests.toFixed(1)} test runs, ${row.mergesPerTest.toFixed(2)} merges per run, ${row.ratio.toFixed(1)} × one by one, ${row.hours.toFixed(1)} h of tests`,
  )
  const head = `${pulls} approved pull requests, ${options.broken} broken, batches of at most ${batch}, tests of ${minutes} minutes; mean of ${runs} queues`
  const base = `one by one: ${pulls} test runs, ${alone.toFixed(2)} merges per run, ${((pulls * minutes) / 60).toFixed(1)} h of tests`
  process.stdout.write([head, base, ...text, ''].join('\n'))
}

function mean(options: {
  pulls: number
  broken: number
  batch: number
  tells: number
  runs: number
  seed: number
  minutes: number
}): Row {
  let [tests, merged] = [0, 0]
  for (let n = 0; n < options.runs; n++) {
    const result = playTrain({ ...options, random: seeded(options.seed + n) })
    tests += result.tests
    merged += result.merged.length
  }
  const mergesPerTest = merged / tests
  const alone = (options.pulls - options.broken) / options.pulls
  return {
    tells: options.tells,
    tests: tests / options.runs,
    merged: merged / options.runs,
    mergesPerTest,
    ratio: mergesPerTest / alone,
    hours: ((tests / options.runs) * options.minutes) / 60,
  }
}
