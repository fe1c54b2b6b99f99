/** The benchmarks as programs, on instances that are small enough for a test. */
import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readInstance, readOptima } from '../../../bench/lib/schedule-instances.ts'
import { byRule, simulate } from '../../../bench/lib/schedule-simulation.ts'

const ROOT = join(import.meta.dirname, '../../..')
/** The optimum of the small job shop with 3 agents, found by trying every order. */
const BEST = 19

const FIXTURES = join(import.meta.dirname, '../../fixtures/schedules')

async function bench(...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/main.ts', ...args, '--json'], { cwd: ROOT })
  return JSON.parse(stdout)
}

describe('makespan', () => {
  test('prints each file and the mean, with the results of simple rules', async () => {
    const files = [join(FIXTURES, 'small.stg'), join(FIXTURES, 'small.txt')]
    const out = (await bench('makespan', ...files)) as {
      rows: Record<string, unknown>[]
      mean: { exact: Record<string, number> }
    }
    expect(out.rows).toMatchObject([
      { file: 'small.stg', agents: 2, best: 10, makespan: 10 },
      { file: 'small.txt', agents: 3, best: BEST, makespan: BEST },
    ])
    expect(out.mean.exact.choose).toBe(1)
    expect(out.mean.exact.fifo).toBeGreaterThan(1)
    expect(out.mean.exact).toHaveProperty('mostSuccessors')
    expect(out.mean.exact).toHaveProperty('criticalPath')
  })

  test('reads task graphs without their dummy tasks, and job shops with machines as footprints', () => {
    const graph = readInstance(join(FIXTURES, 'small.stg'))
    expect(graph.durations).toEqual([3, 2, 4, 2, 5, 1, 3])
    expect(graph.waitsFor).toEqual([[], [], [], [0], [0, 1], [2], [3, 5]])
    const shop = readInstance(join(FIXTURES, 'small.txt'))
    expect(shop.footprints.slice(0, 3)).toEqual([['machines/1'], ['machines/2'], ['machines/0']])
    expect(shop.waitsFor.slice(2, 5)).toEqual([[1], [], [3]])
    expect(readOptima(join(FIXTURES, 'small.txt'))).toEqual([{ agents: 3, best: BEST }])
  })

  test.each([
    ['short.txt', '2 2\n0 1 1 1\n', 'is not a job shop of 2 jobs'],
    ['words.txt', '1 1\n0 soon\n', 'something else than whole numbers'],
    ['torn.stg', '2\n0 0 0\n1 3 1 0\n', 'is not a Standard Task Graph of 2 tasks'],
  ])('refuses %s', async (name, text, message) => {
    const directory = await mkdtemp(join(tmpdir(), 'instance-'))
    try {
      await writeFile(join(directory, name), text)
      expect(() => readInstance(join(directory, name))).toThrow(message)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('the simulation refuses a scheduler that breaks a rule', () => {
    const shop = readInstance(join(FIXTURES, 'small.txt'))
    const once = (...tasks: number[]) => {
      let first = true
      return () => {
        const now = first ? tasks : []
        first = false
        return now
      }
    }
    expect(() => simulate(shop, 2, shop.durations, once(1))).toThrow('before its blockers are done')
    expect(() => simulate(shop, 1, shop.durations, once(0, 6))).toThrow('one agent too many')
    expect(() => simulate(shop, 2, shop.durations, once(0, 0))).toThrow('starts twice')
    expect(() =>
      simulate({ ...shop, footprints: shop.footprints.map(() => ['all']) }, 2, shop.durations, once(0, 6)),
    ).toThrow('touches the files')
    expect(() => simulate(shop, 2, shop.durations, once())).toThrow('nothing runs')
    expect(simulate(shop, 12, shop.durations, byRule(shop, 12, shop.durations))).toBeGreaterThanOrEqual(BEST)
  })
})

test('schedule measures two sizes, and its cost grows less than the backlog', async () => {
  const out = (await bench('schedule', '--items', '4000', '--edges', '12000', '--agents', '5', '--events', '500')) as {
    large: { done: { p95Ms: number; events: number } }
    growth: number
  }
  expect(out.large.done.events).toBe(500)
  expect(out.large.done.p95Ms).toBeGreaterThan(0)
  expect(out.growth).toBeLessThan(10)
})

test('schedule --history rates the footprints of a repository', async () => {
  const repository = await mkdtemp(join(tmpdir(), 'history-'))
  try {
    const git = async (...args: string[]) => {
      const author = ['-c', 'user.name=maintainer', '-c', 'user.email=maintainer@example.com']
      await promisify(execFile)('git', ['-C', repository, ...author, ...args])
    }
    await git('init', '-q')
    for (const [title, file] of [
      ['Fix login', 'login.ts'],
      ['Add invoices', 'invoice.ts'],
      ['Login again', 'login.ts'],
      ['Invoice totals', 'login.ts'],
    ] as const) {
      await appendFile(join(repository, file), `${title}\n`)
      await git('add', file)
      await git('commit', '-q', '-m', title)
    }
    // The first commit is only used for learning, the second has no similar one, the third prediction is right, the
    // fourth wrong.
    expect(await bench('schedule', '--history', repository)).toMatchObject({
      repository,
      commits: 4,
      asked: 3,
      answered: 2,
      precision: 1 / 2,
      recall: 1 / 3,
      existing: 2 / 3,
    })
  } finally {
    await rm(repository, { recursive: true })
  }
})
