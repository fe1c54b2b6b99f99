/**
 * The examples of docs/extending.md, followed literally in a copy of the tree: every file that is new is written, every
 * diff is applied, and the whole compiles. Who changes a plug-in's type, or a file that a diff names, mends the example.
 */

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const exec = promisify(execFile)
const document = 'docs/extending.md'
const copied = ['src', 'test', 'bench', 'scripts', 'docs', 'app.yml', 'tsconfig.json', 'package.json']
const configs = ['vitest.config.ts', 'drizzle.config.ts']

test('the examples can be followed, and compile', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tutti-extending-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const name of [...copied, ...configs]) cpSync(name, join(root, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  const blocks = readFileSync(document, 'utf8').matchAll(/^```(ts|diff)\n(.*)\n([\s\S]*?)^```$/gm)
  const problems: string[] = []
  const touched: string[] = []
  for (const [, language, first = '', rest = ''] of blocks) {
    const created = /^\/\/ (\S+) \(new\)$/.exec(first)?.[1]
    const extended = /^\/\/ add at the end of (\S+)$/.exec(first)?.[1]
    const changed = language === 'diff' ? /^ \/\/ (\S+)$/.exec(first)?.[1] : undefined
    touched.push(...[created, extended, changed].filter((path) => path?.endsWith('.ts')).map(String))
    if (created) write(join(root, created), `${first}\n${rest}`)
    else if (extended) write(join(root, extended), `${readFileSync(join(root, extended), 'utf8')}\n${rest}`)
    else if (changed && !apply(join(root, changed), rest))
      problems.push(`the diff of ${changed} does not apply:\n${rest}`)
    else if (language === 'diff' && !changed) problems.push(`a diff does not begin with the name of its file: ${first}`)
  }
  expect(problems).toEqual([])
  // The tests that no example touches compile with the tree itself: `npm run check`.
  const include = ['src/**/*.ts', ...touched]
  writeFileSync(join(root, 'tsconfig.touched.json'), JSON.stringify({ extends: './tsconfig.json', include }))
  const tsc = resolve('node_modules/.bin/tsc')
  // Each checker works out the types of all packages for itself: one alone takes half of the processor time of four.
  const args = ['-p', 'tsconfig.touched.json', '--checkers', '1']
  const { stdout } = await exec(tsc, args, { cwd: root }).catch((error) => error)
  expect(stdout, `${document} has an example that does not compile`).toBe('')
})

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** Replaces the lines of a diff that are there before by those that are there after. @returns whether it fits one place. */
function apply(path: string, diff: string): boolean {
  const lines = diff.split('\n').slice(0, -1)
  const side = (marks: string) =>
    lines.flatMap((line) => (marks.includes(line[0] ?? ' ') ? [`${line.slice(1)}\n`] : [])).join('')
  const parts = readFileSync(path, 'utf8').split(side(' -'))
  if (parts.length !== 2) return false
  writeFileSync(path, parts.join(side(' +')))
  return true
}
