import { describe, expect, test } from 'vitest'
import {
  evaluatePredictions,
  type HistorySample,
  predictPaths,
  surePaths,
} from '../../../src/scheduler/optimiser/predict-files.ts'

function merged(title: string, files: string[], rest: Partial<HistorySample> = {}): HistorySample {
  return { title, files, labels: [], ...rest }
}

const HISTORY = [
  merged('Fix login redirect', ['src/auth/login.ts', 'test/auth/login.test.ts']),
  merged('Add invoice export', ['src/billing/export.ts', 'src/billing/invoice.ts']),
  merged('Login remembers the user', ['src/auth/login.ts', 'src/auth/session.ts']),
  merged('Invoice totals are rounded', ['src/billing/invoice.ts'], { labels: ['bug'] }),
]

test('files that similar pull requests touched are predicted, the highest score first', () => {
  const paths = predictPaths({ title: 'Login fails after logout', labels: [] }, HISTORY)
  expect(paths[0]).toMatchObject({ path: 'src/auth/login.ts', score: 1 })
  expect(paths.map(({ path }) => path)).not.toContain('src/billing/invoice.ts')
})

test('a directory is predicted if its files differ each time', () => {
  const history = ['a', 'b', 'c', 'd'].map((name) => merged('Add command', [`src/commands/${name}.ts`]))
  expect(predictPaths({ title: 'Add another command', labels: [] }, history).map(({ path }) => path)).toEqual([
    'src/commands/',
  ])
})

test('the module counts more than a word', () => {
  const history = [merged('Colours', ['src/web/a.ts'], { module: 'web' }), merged('Faster start', ['src/main.ts'])]
  const [first] = predictPaths({ title: 'Start page', labels: [], module: 'web' }, history)
  expect(first?.path).toBe('src/web/a.ts')
})

test('a rare word counts more than one in every title', () => {
  const history = [
    merged('Colours', ['src/web.ts']),
    ...['a', 'b', 'c', 'd'].map((name) => merged('Support limits', [`src/${name}/x.ts`])),
  ]
  const [first] = predictPaths({ title: 'Support colours', labels: [] }, history)
  expect(first?.path).toBe('src/web.ts')
})

test('a file that the title names is predicted without similar pull requests', () => {
  expect(predictPaths({ title: 'The session never ends', labels: [] }, HISTORY)).toEqual([
    { path: 'src/auth/session.ts', score: 0.5, seen: 0 },
  ])
})

test('without similar pull requests nothing is predicted', () => {
  expect(predictPaths({ title: 'Zebra', labels: [] }, HISTORY)).toEqual([])
  expect(predictPaths({ title: 'Login', labels: [] }, [])).toEqual([])
})

test('every pull request is predicted only from those merged before it', () => {
  const result = evaluatePredictions(HISTORY, 2)
  // The third: login.ts right, login.test.ts wrong, session.ts missed. The fourth: invoice.ts right, export.ts wrong.
  expect(result).toEqual({ asked: 2, answered: 2, precision: 2 / 4, recall: 2 / 3, existing: 2 / 3 })
  expect(evaluatePredictions([])).toEqual({ asked: 0, answered: 0, precision: 0, recall: 0, existing: 0 })
})

describe('a path that is certain enough to make other items wait', () => {
  const invoices = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      title: `Invoice ${at}`,
      labels: [],
      module: 'billing',
      files: ['src/billing/invoice.ts', 'CHANGELOG.md', `src/billing/part-${at}.ts`],
    }))
  const others = Array.from({ length: 20 }, (_, at) => ({
    title: `Other ${at}`,
    labels: [],
    files: ['CHANGELOG.md', `x-${at}.ts`],
  }))
  const question = { title: 'Round totals', labels: [], module: 'billing' }

  test('was touched by half of the similar ones and by at least four, and not by most pull requests', () => {
    expect(surePaths(question, [...invoices(4), ...others]).map(({ path }) => path)).toEqual(['src/billing/invoice.ts'])
    expect(surePaths(question, [...invoices(3), ...others])).toEqual([])
    expect(surePaths({ title: 'Something else', labels: [] }, [...invoices(4), ...others])).toEqual([])
  })
})
