/** What a change adds to the tests, by its paths and lines, and the coverage that a program has printed. Pure. */

import { changedLines } from './patch.ts'

/** What is known about the tests of one commit. */
export interface TestFacts {
  /** Files of tests that it adds. */
  files: number
  /** Test cases that it adds, less those that it removes; at least 0. */
  cases: number
  /** Percent of the lines or statements, for each command that has printed it. */
  coverage: { command: string; percent: number }[]
}

const testPath =
  /(?:^|\/)(?:[Tt]ests?|[Ss]pecs?|__tests__)\/|[._-](?:test|spec)s?\.\w+$|(?:^|\/)test_[^/]+$|Tests?\.\w+$/
/** Data and pictures beside tests are no tests. */
const sourceFile =
  /\.(?:[cm]?[jt]sx?|py|go|rs|rb|java|kt|kts|scala|cs|fs|php|swift|exs?|c|cc|cpp|h|hpp|m|mm|dart|lua|vue|svelte|sh|bats)$/i

/** Whether the names of a path say that tests are in it. */
export function isTestFile(path: string): boolean {
  return testPath.test(path) && sourceFile.test(path)
}

/** How a test case begins in the usual frameworks, at the start of a line. */
const caseStart = [
  // JavaScript (jest, vitest, mocha, node:test), RSpec, and Dart.
  /^(?:it|test|specify|scenario)(?:\.\w+)*(?:\s*[(`]|\s+['"])/,
  // pytest and unittest.
  /^(?:async\s+)?def\s+test\w*\s*\(/,
  // Go.
  /^func\s+(?:Test|Fuzz|Example)\w*\(/,
  // Rust, also inside the file that it tests.
  /^#\[(?:\w+::)*(?:test|rstest)\b/,
  // JUnit, TestNG, xUnit, NUnit.
  /^@(?:Test|ParameterizedTest|RepeatedTest)\b/,
  /^\[(?:Fact|Theory|Test|TestCase|TestMethod)\b/,
  // PHPUnit, XCTest, swift-testing.
  /^(?:public\s+)?func(?:tion)?\s+test\w*\s*\(/,
  /^@Test\b/,
]

function isCase(line: string): boolean {
  const text = line.trimStart()
  return caseStart.some((pattern) => pattern.test(text))
}

/**
 * What a patch adds to the tests. A moved test counts as none; a patch that was cut off is counted as far as it goes.
 * @param changes the changed files, as git reports them.
 */
export function testsAddedBy(
  changes: readonly { path: string; status: string }[],
  patch: string,
): Pick<TestFacts, 'files' | 'cases'> {
  const files = changes.filter(({ path, status }) => status === 'A' && isTestFile(path)).length
  let cases = 0
  for (const { file, mark, text } of changedLines(patch)) {
    const path = mark === '+' ? file.path : file.from
    if ((isTestFile(path) || path.endsWith('.rs')) && isCase(text)) cases += mark === '+' ? 1 : -1
  }
  return { files, cases: Math.max(0, cases) }
}

const percent = String.raw`(\d{1,3}(?:\.\d+)?)`
/** The line of the whole, as tools print it. The last one counts: the whole stands below its parts. */
const coverageLines: readonly RegExp[] = [
  // istanbul, c8, vitest and jest, as a table: statements come first, then branches, functions, lines.
  new RegExp(String.raw`^\s*All files\s*\|\s*${percent}`),
  // The same tools, as a summary.
  new RegExp(String.raw`^\s*(?:Statements|Lines)\s*:\s*${percent}\s?%`),
  // coverage.py and pytest-cov.
  new RegExp(String.raw`^TOTAL\s+.*?\s${percent}%\s*$`),
  // go test -cover, and go tool cover -func.
  new RegExp(String.raw`\bcoverage:\s*${percent}% of statements`),
  new RegExp(String.raw`^total:\s+\(statements\)\s+${percent}%`),
  // cargo-tarpaulin, SimpleCov, and whatever says so in plain words.
  new RegExp(`^${percent}% coverage,`),
  new RegExp(`^Line Coverage: ${percent}%`, 'i'),
  new RegExp(String.raw`^(?:total |overall )?coverage\s*[:=]\s*${percent}\s?%\s*$`, 'i'),
]

/** No tool's line of the whole is longer; an agent's program may print anything. */
const longestLine = 300

/**
 * The coverage that a program has printed, in percent.
 * @param output without colours.
 * @returns undefined where it has printed none.
 */
export function coverageIn(output: string): number | undefined {
  let found: number | undefined
  for (const line of output.split('\n')) {
    if (line.length > longestLine) continue
    for (const pattern of coverageLines) {
      const value = Number(pattern.exec(line)?.[1] ?? Number.NaN)
      if (value >= 0 && value <= 100) found = value
    }
  }
  return found
}
