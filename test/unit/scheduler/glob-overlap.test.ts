import { describe, expect, test } from 'vitest'
import { conflictMatrix, Footprints } from '../../../src/scheduler/footprints.ts'
import { parsePattern, patternsOverlap } from '../../../src/scheduler/glob-overlap.ts'
import { randomInt, seeded } from '../../../src/scheduler/optimiser/random.ts'

function meet(a: string, b: string): boolean {
  return parsePattern(a).some((mine) => parsePattern(b).some((theirs) => patternsOverlap(mine, theirs)))
}

describe('patterns that can match the same file', () => {
  test.each([
    ['src/a.ts', 'src/a.ts'],
    ['src', 'src/deep/down/a.ts'],
    ['src/', 'src/**'],
    ['src/**', 'src/**/*.ts'],
    ['src/*/index.ts', 'src/auth'],
    ['**/*.ts', 'src/auth'],
    ['**/*.ts', 'src/auth/login.ts'],
    ['src/a*b.ts', 'src/ax*.ts'],
    ['src/{auth,api}/**', 'src/api/routes.ts'],
    ['{a,b{c,d}}/x', 'bd/x'],
    ['src/[ab].ts', 'src/a.ts'],
    ['./src/../docs', 'docs/guide.md'],
    ['/docs', 'docs/guide.md'],
    ['../../docs', 'docs/guide.md'],
    ['.', 'anything/at/all'],
    ['example.com', 'example.com/index.html'],
    [`${'{a,b}'.repeat(12)}/x`, 'unrelated'],
  ])('%s and %s', (a, b) => {
    expect(meet(a, b)).toBe(true)
    expect(meet(b, a)).toBe(true)
  })
})

describe('patterns that cannot', () => {
  test.each([
    ['src/a.ts', 'src/b.ts'],
    ['src/auth', 'src/authors'],
    ['src/auth/**', 'src/api/**'],
    ['*.md', 'docs/guide.md'],
    ['**/*.ts', 'docs/guide.md'],
    ['src/*.ts', 'src/auth/login.ts'],
    ['src/{auth,api}', 'src/web'],
    ['src/a?.ts', 'src/a.ts'],
    ['src/a*b.ts', 'src/ac.ts'],
  ])('%s and %s', (a, b) => {
    expect(meet(a, b)).toBe(false)
    expect(meet(b, a)).toBe(false)
  })
})

/** An independent implementation of the same rules: matches one path against one pattern by a regular expression. */
function covers(pattern: string, path: string): boolean {
  const source = pattern
    .split('/')
    .map((segment) =>
      segment === '**' ? '(?:[^/]+/)*' : `${segment.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')}/`,
    )
    .join('')
  return new RegExp(`^${source}`).test(`${path}/`)
}

test('agrees with a test of every path of a small set', () => {
  const random = seeded(11)
  const names = ['a', 'b', 'ab', 'ba', 'aa', 'bb']
  const paths: string[] = []
  for (const one of names)
    for (const two of names)
      for (const three of names) for (const four of names) paths.push(`${one}/${two}/${three}/${four}`)
  const pieces = ['a', 'b', 'a*', '*b', '?', 'a?', '*', '**', 'ab']
  const pattern = () =>
    Array.from({ length: 1 + randomInt(random, 3) }, () => pieces[randomInt(random, pieces.length)]).join('/')
  let met = 0
  for (let round = 0; round < 400; round++) {
    const [a, b] = [pattern(), pattern()]
    const expected = paths.some((path) => covers(a, path) && covers(b, path))
    expect(meet(a, b), `${a} and ${b}`).toBe(expected)
    if (expected) met++
  }
  expect(met).toBeGreaterThan(50)
  expect(met).toBeLessThan(390)
})

describe('footprints', () => {
  test('the same patterns in another order are one footprint, and an unknown one overlaps with nothing', () => {
    const footprints = new Footprints()
    const one = footprints.read(['b', 'a', 'a'])
    expect(footprints.read(['a', 'b'])).toBe(one)
    const unknown = footprints.read([])
    expect(footprints.overlap(unknown, unknown)).toBe(false)
    expect(footprints.overlap(unknown, one)).toBe(false)
    expect(footprints.overlap(one, one)).toBe(true)
  })

  test('the matrix contains every pair of one repository with the overlapping patterns', () => {
    const item = (id: string, repository: string, ...footprint: string[]) => ({ id, repository, footprint })
    const items = [
      item('1', 'o/r', 'src/a', 'docs'),
      item('2', 'o/r', 'src/**/x.ts'),
      item('3', 'o/r', 'test'),
      item('4', 'o/s', 'src/a'),
    ]
    expect(conflictMatrix(items)).toEqual([{ a: '1', b: '2', overlaps: [{ mine: 'src/a', theirs: 'src/**/x.ts' }] }])
  })
})
