/** What the documents say is compared with the code. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { staleDocuments } from '../../scripts/docs/documents.ts'
import { readSettings } from '../../src/config/settings.ts'

const documents = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).flatMap((name) =>
    name.endsWith('.md') ? [`docs/${name}`] : [],
  ),
].map((path) => ({ path, text: readFileSync(path, 'utf8') }))

function textOf(path: string): string {
  return documents.find((one) => one.path === path)?.text ?? ''
}

test('the generated parts of the documents are up to date', async () => {
  const stale = (await staleDocuments()).map(({ path }) => path)
  expect(stale, `stale: ${stale.join(', ')}. Mend with: npm run docs`).toEqual([])
})

test("the README's example of the settings can be read", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(textOf('README.md'))?.[1] ?? ''
  expect(readSettings(example)).toMatchObject({ agent: 'claude-code', limits: { agents: 2 } })
})

test('every link leads to a file and a heading', () => {
  const broken = documents.flatMap(({ path, text }) =>
    [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return []
      const [file = '', heading] = link.split('#')
      const target = file === '' ? path : join(dirname(path), file)
      if (!existsSync(target)) return [`${path}: ${link} does not exist`]
      const headings = heading === undefined ? [] : anchorsIn(readFileSync(target, 'utf8'))
      return heading === undefined || headings.includes(heading) ? [] : [`${path}: ${link} is no heading`]
    }),
  )
  expect(broken).toEqual([])
})

test('every file that the documents name exists', () => {
  const missing = documents
    .filter(({ path }) => path !== 'CHANGELOG.md')
    .flatMap(({ path, text }) => {
      // The examples of docs/extending.md begin with the name of the file that the reader makes.
      const made = [...text.matchAll(/^(?:\/\/|#|--) (\S+\.\w+) \(new\)$/gm)].map(([, name]) => name)
      return [...prose(text).matchAll(/`((?:src|test|scripts|docs|drizzle|bench|\.ci)\/[^`\s]*)`/g)].flatMap(
        ([, name = '']) =>
          /[<>*{}…]/.test(name) || made.includes(name) || existsSync(name.replace(/#.*/, ''))
            ? []
            : [`${path}: ${name}`],
      )
    })
  expect(missing).toEqual([])
})

test('every fault is tried by a test or by `chaos`, or the document says that it is not tried', () => {
  const text = textOf('docs/reliability.md')
  const [, section = ''] = /^## Fault by fault$([\s\S]*?)^## /m.exec(text) ?? []
  const rows = [...section.matchAll(/^\| (?!-|fault \||attack \|)(.+) \| (.+) \| (.+) \|$/gm)]
  expect(rows.length).toBeGreaterThan(80)
  const without = rows.filter(([, , what = '', tried = '']) => {
    const files = [...tried.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file)
    // A file of tests holds a test; what it says is for its reader to judge.
    const good = files.filter(
      (file) => existsSync(file) && /\b(?:test|it|onPostgres)\b/.test(readFileSync(file, 'utf8')),
    )
    return (
      good.length !== files.length || (files.length === 0 && !tried.includes('`chaos') && !what.startsWith('not tried'))
    )
  })
  expect(without.map(([row]) => row)).toEqual([])
})

test('every function is in the file where the documents say it is', () => {
  const missing = documents.flatMap(({ path, text }) =>
    [...prose(text).matchAll(/`(\w+)`\s+in\s+`(src\/[^`]+\.ts)`/g)].flatMap(([, name = '', file = '']) =>
      existsSync(file) && readFileSync(file, 'utf8').includes(name) ? [] : [`${path}: ${name} is not in ${file}`],
    ),
  )
  expect(missing).toEqual([])
})

test('the architecture lists every table', () => {
  const schema = readdirSync('src/db/schema').map((name) => readFileSync(join('src/db/schema', name), 'utf8'))
  const tables = [...schema.join('\n').matchAll(/pgTable\(\s*'(\w+)'/g)].map(([, name = '']) => name)
  const listed = textOf('docs/architecture.md')
  expect(tables.filter((name) => !listed.includes(`| \`${name}\` |`))).toEqual([])
})

test('the index of decision records names each of them', () => {
  const numbers = readdirSync('docs/adr').flatMap((name) => /^\d{4}/.exec(name) ?? [])
  expect(
    numbers.filter((number) => !new RegExp(`^\\| \\[?${number}\\b`, 'm').test(textOf('docs/adr/README.md'))),
  ).toEqual([])
})

test('the issue forms and the workflow are YAML', () => {
  const files = readdirSync('.github', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yml'))
  expect(files.length).toBeGreaterThan(0)
  for (const name of files) expect(parse(readFileSync(join('.github', name), 'utf8')), name).toBeTypeOf('object')
})

/** The text without its code blocks. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '')
}

/** The anchors that GitHub gives to headings: lower case, without punctuation, dashes for blanks. */
function anchorsIn(text: string): string[] {
  return [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
