/** What a change adds to the tests, and the coverage that tools print. */

import { expect, test } from 'vitest'
import { coverageIn, isTestFile, testsAddedBy } from '../../../src/domain/test-facts.ts'

test.each([
  ['test/a.ts', true],
  ['src/__tests__/a.jsx', true],
  ['src/a.test.ts', true],
  ['pkg/list_test.go', true],
  ['tests/test_list.py', true],
  ['src/main/ListTest.java', true],
  ['spec/list_spec.rb', true],
  ['test/fixtures/list.json', false],
  ['src/latest.ts', false],
  ['src/contest/a.ts', false],
])('%s: %s', (path, expected) => {
  expect(isTestFile(path)).toBe(expected)
})

/** A patch that adds and removes lines of one file. */
function patchOf(path: string, added: string[], removed: string[] = []): string {
  const rows = [...removed.map((row) => `-${row}`), ...added.map((row) => `+${row}`)]
  const head = `@@ -1,${removed.length} +1,${added.length} @@`
  return [`diff --git a/${path} b/${path}`, `--- a/${path}`, `+++ b/${path}`, head, ...rows, ''].join('\n')
}

test.each([
  ['test/a.ts', "test('one', () => {"],
  ['test/a.ts', '  it.each([1])("two", () => {'],
  ['a.spec.js', 'test.concurrent(`three`, () => {'],
  ['tests/test_a.py', '    async def test_four(self):'],
  ['a_test.go', 'func TestFive(t *testing.T) {'],
  ['src/lib.rs', '    #[tokio::test]'],
  ['src/test/java/A.java', '    @ParameterizedTest'],
  ['tests/A.cs', '[Fact]'],
  ['spec/a_spec.rb', "  it 'does six' do"],
  ['tests/ATest.php', '    public function testSeven(): void'],
])('a case of %s: %s', (path, line) => {
  expect(testsAddedBy([{ path, status: 'M' }], patchOf(path, ['x', line])).cases).toBe(1)
})

test('files that are new count, changed ones do not; cases less those that are gone; calls in sources are no cases', () => {
  const changes = [
    { path: 'test/new.test.ts', status: 'A' },
    { path: 'test/old.test.ts', status: 'M' },
    { path: 'test/data.json', status: 'A' },
    { path: 'src/a.ts', status: 'M' },
    { path: 'test/gone.test.ts', status: 'D' },
  ]
  const patch = [
    patchOf('test/new.test.ts', ["test('a', f)", "test('b', f)", "  test.skip('c', f)"]),
    patchOf('test/old.test.ts', ["test('renamed', f)"], ["test('named', f)"]),
    patchOf('src/a.ts', ["test('x')"]),
    patchOf('test/gone.test.ts', [], ["test('z', f)"]).replace('+++ b/test/gone.test.ts', '+++ /dev/null'),
  ].join('')
  expect(testsAddedBy(changes, patch)).toEqual({ files: 1, cases: 2 })
  expect(testsAddedBy([], patchOf('test/a.ts', [], ["test('z', f)"]))).toEqual({ files: 0, cases: 0 })
})

test.each([
  ['% Stmts | % Branch\nAll files |   87.5 |    80 |\n a.ts     |  12.5 | 1 |', 87.5],
  ['=== Coverage summary ===\nStatements   : 91.2% ( 10/11 )\nBranches : 50% ( 1/2 )\nLines : 90% ( 9/10 )', 90],
  ['Name  Stmts  Miss  Cover\na.py     10     5    50%\nTOTAL    40     5    87%', 87],
  ['TOTAL    40     5    8   2  87.25%', 87.25],
  ['ok  \texample.com/a\t0.01s\tcoverage: 87.5% of statements', 87.5],
  ['total:\t(statements)\t66.7%', 66.7],
  ['87.50% coverage, 70/80 lines covered', 87.5],
  ['Line Coverage: 99.0% (99 / 100)', 99],
  ['coverage: 73 %', 73],
  ['Coverage of the moon: 12 km', undefined],
  ['coverage: 173 %', undefined],
  ['', undefined],
])('%j prints %s', (output, expected) => {
  expect(coverageIn(output)).toBe(expected)
})
