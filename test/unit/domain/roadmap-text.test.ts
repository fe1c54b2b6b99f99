/** What counts as a line of a roadmap, and what is said about the rest. */

import { expect, test } from 'vitest'
import { readRoadmap } from '../../../src/domain/roadmap-text.ts'

const read = (...lines: string[]) => readRoadmap(lines.join('\n'), 'Acme/App')
const many = (count: number) => Array.from({ length: count }, (_, n) => `- [ ] Task ${n}\n`).join('')
const named = (...lines: string[]) =>
  read(...lines).lines.map(({ issue, title }) => (issue ? `${issue.repository}#${issue.number}` : title))

test.each([
  ['- [ ] #12', 'acme/app#12'],
  ['* [x] Owner/Repo#3', 'owner/repo#3'],
  ['1. [ ] https://github.com/owner/repo/issues/4', 'owner/repo#4'],
  ['- [ ] https://github.com/owner/repo/pull/4#issuecomment-1', 'owner/repo#4'],
  ['- [ ] #12: the login', 'acme/app#12'],
  ['- [ ] **#12** the login', 'acme/app#12'],
  ['- [ ] [the login](https://ghe.example/owner/repo/issues/4)', 'owner/repo#4'],
  ['- [ ] The login (#12)', 'acme/app#12'],
  ['- [ ] The login (owner/repo#3)', 'owner/repo#3'],
  ['- [ ] The login, as in #12', 'The login, as in #12'],
  ['- [ ] #12th place', '#12th place'],
  ['- [X] **Bold** and [a link](https://x.example)', 'Bold and a link'],
  ['  - [ ] Further in', 'Further in'],
  ['- [ ] Two\u200b words\u202e', 'Two words'],
  ['+ [ ] Plus', 'Plus'],
  ['12) [ ] Numbered', 'Numbered'],
  ['- - [x] Twice in', 'Twice in'],
  ['-\t[ ] After a tab', 'After a tab'],
  ['\ufeff- [ ] After a byte order mark', 'After a byte order mark'],
  ['- [ ] Shown <!-- hidden --> text', 'Shown text'],
  ['- [ ] Keep `<!--` and `code`', 'Keep `<!--` and `code`'],
  ['- [ ] Nested [a [link](x)](y)', 'Nested [a link](y)'],
])('%s names %s', (line, name) => {
  expect(named(line)).toEqual([name])
})

test('comments, quotes, code, prose, bullets and dependencies are no work', () => {
  const text = [
    'Words',
    '> - [ ] quoted',
    '<!--',
    '- [ ] hidden',
    '-->',
    '```',
    '- [ ] code',
    '```',
    '    - [ ] code too',
  ]
  const { lines, problems } = read(
    ...text,
    '- a bullet',
    '- [ ] Depends on #3',
    '[1]: https://x.example',
    '- [link](x)',
  )
  expect(lines).toEqual([])
  expect(problems).toEqual([])
})

test('headings nest, lines below belong to their line, issues further in are parts too', () => {
  const { lines, problems } = read(
    '# Backend',
    '- [ ] Add login',
    '  With a password.',
    '',
    '  ```',
    '  write src/a.txt: - [ ] not a task',
    '  ```',
    '  - [ ] remember me',
    '  - [ ] #7',
    '## Storage ##',
    '- Phase one',
    '    - [x] Tables',
    '# Frontend',
    'Words end the list.',
    '- [ ] Add login',
  )
  expect(problems).toEqual([])
  expect(lines.map(({ line, heading, title, checked }) => [line, heading, title, checked])).toEqual([
    [2, 'Backend', 'Add login', false],
    [9, 'Backend', '#7', false],
    [12, 'Backend › Storage', 'Tables', true],
    [15, 'Frontend', 'Add login', false],
  ])
  expect(lines[0]?.text).toBe(
    'With a password.\n\n```\nwrite src/a.txt: - [ ] not a task\n```\n- [ ] remember me\n- [ ] #7',
  )
  expect(lines[0]?.digest).not.toBe(lines[3]?.digest)
})

test('setext headings count, comments in headings do not, and a heading is cut where a title is', () => {
  const { lines } = read(
    'Backend',
    'and storage',
    '===========',
    '',
    'Login <!-- hidden -->',
    '---',
    '- [ ] One',
    '### Later <!-- hidden --> ##',
    '- [ ] Two',
    `# ${'x'.repeat(300)}`,
    '- [ ] Three',
  )
  expect(lines.map(({ heading }) => heading)).toEqual([
    'Backend and storage › Login',
    'Backend and storage › Login › Later',
    'x'.repeat(256),
  ])
})

test('what is below a line is kept as it was written, without comments and indentation', () => {
  const { lines } = read(
    '1. [ ] One',
    'goes on',
    '',
    '   <!-- hidden',
    '   - [ ] #3',
    '   -->',
    '   - [ ] #7 <!-- hidden --> seven',
    '',
    '   ```make',
    '   all:',
    '   \tbuild <!-- shown -->',
    '   ```',
    '',
    '   > - [ ] #8',
    '2. [ ] Two',
  )
  expect(lines.map(({ title }) => title)).toEqual(['One', '#7 seven', 'Two'])
  expect(lines[0]?.text).toBe(
    'goes on\n\n\n\n\n- [ ] #7  seven\n\n```make\nall:\n\tbuild <!-- shown -->\n```\n\n> - [ ] #8',
  )
})

test('what a line carries in brackets', () => {
  const { lines, problems } = read(
    '- [ ] One [effort:s] [priority:0] [module:auth]',
    '- [ ] Two (depends on: "one", #4 and owner/repo#5)',
    '- [ ] Three (depends on "Two")',
    '- [ ] #9 (depends on: "Three")',
  )
  expect(problems).toEqual([])
  expect(lines[0]).toMatchObject({ title: 'One', labels: ['effort:S', 'priority:0', 'module:auth'] })
  expect(lines[1]).toMatchObject({
    title: 'Two',
    linesBefore: [lines[0]?.digest],
    issuesBefore: [
      { repository: 'acme/app', number: 4 },
      { repository: 'owner/repo', number: 5 },
    ],
  })
  expect(lines[2]?.linesBefore).toEqual([lines[1]?.digest])
  expect(lines[3]?.linesBefore).toEqual([lines[2]?.digest])
})

test.each([
  ['- [] One', 'a checkbox is written'],
  ['-[ ] One', 'a checkbox is written'],
  ['- [y] One', 'a checkbox is written'],
  ['- [ ]', 'nothing stands behind'],
  ['- [ ] [effort:M]', 'no words'],
  ['- [ ] One [effort:huge]', '`effort` is `S`, `M`, `L` or `XL`'],
  ['- [ ] One [priority:9]', '`priority` is `0`'],
  ['- [ ] One [module:../etc]', '`module` is lower-case'],
  ['- [ ] One (depends on: Two)', 'is written `(depends on:'],
  ['- [ ] One (depends on: "Two")', 'no other line and no heading is called “Two”'],
  ['## Two\n- [ ] X\n- [ ] One (depends on: "Two")', 'it stands under “Two” itself'],
  ['- [ ] One\n- [ ] one', 'the same as line 1'],
  ['- [ ] #1\n- [ ] acme/app#1 again', 'the same as line 1'],
  ['text\n    - [ ] One', 'leave a blank line before it'],
  ['text\n2. [ ] One', 'leave a blank line before it'],
  ['<details>\n- [ ] One', 'it follows HTML'],
  ['- [ ] One (depends on: "")', 'no other line and no heading is called “”'],
  [`# A\n${many(501)}# B\n- [ ] One (depends on: "A")`, 'more than 500 lines'],
  [`# A\n${many(300)}# B\n${many(300)}# C\n- [ ] One (depends on: "A", "B")`, 'more than 500 lines'],
  ['# A\n- [ ] X\n# B\n- [ ] X\n# C\n- [ ] Y (depends on: "X")', 'several lines are called “X”'],
])('%j is reported with its line', (text, why) => {
  const { problems } = readRoadmap(text, 'acme/app')
  expect(problems).toHaveLength(1)
  expect(problems[0]?.why).toContain(why)
  expect(problems[0]?.line).toBe(text.split('\n').length)
})

test('a title is cut where GitHub cuts it, and the line is kept as text', () => {
  const long = 'word '.repeat(100).trim()
  const { lines } = read(`- [ ] ${long}`, '  More.')
  expect(lines[0]?.title).toHaveLength(256)
  expect(lines[0]?.text).toBe(`${long}\n\nMore.`)
})

// A regular expression that goes back and forth would take minutes for one of these.
test.each(['- [ ] x\n', '- [ ] (depends on: "', '[effort:', '[a](', '[', '![', '<!--', '`', '- [ ', ' ', '(', '* '])(
  'the longest text that GitHub takes is read, also when it is all %j',
  (piece) => {
    const text = piece.repeat(65_536 / piece.length)
    expect(readRoadmap(text, 'acme/app').lines.length).toBeLessThanOrEqual(1)
    expect(readRoadmap(`- [ ] ${text.replaceAll('\n', ' ')}`, 'acme/app').lines.length).toBeLessThanOrEqual(1)
  },
)

test('a line that depends on a heading depends on all that stands under it', () => {
  const text =
    '# Backend\n- [ ] #1\n## Login\n- [ ] A page\n# Frontend\n- [ ] Shop (depends on: "backend")\n- [ ] #2 (depends on: "Login")'
  const { lines, problems } = readRoadmap(text, 'acme/app')
  const [, page, shop, named] = lines
  expect(problems).toEqual([])
  expect(shop).toMatchObject({ issuesBefore: [{ number: 1 }], linesBefore: [page?.digest] })
  expect(named).toMatchObject({ issuesBefore: [], linesBefore: [page?.digest] })
})
