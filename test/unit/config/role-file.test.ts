import { expect, test } from 'vitest'
import { fillGaps, type RoleShape, readRoleFile } from '../../../src/config/role-file.ts'

const shape: RoleShape = { tools: ['submit', 'ask'], texts: { opening: ['task'], Rules: ['fence'], 'At the end': [] } }
const keys = 'permissions: read-only\ntools: [submit]'
const body = 'Do {{task}}.\n\n# Rules\n\n- {{ fence }}\n- Read.\n\n# At the end\n\nStop.'
const file = (front = keys, text = body) => `---\n${front}\n---\n\n${text}\n`

test('its keys, and each text by its heading', () => {
  const texts = { opening: 'Do {{task}}.', Rules: '- {{ fence }}\n- Read.', 'At the end': 'Stop.' }
  expect(readRoleFile(file(), shape)).toEqual({ permissions: 'read-only', tools: ['submit'], texts })
  expect(readRoleFile(file().replaceAll('\n', '\r\n'), shape)).toMatchObject({ texts })
})

test('a role without tools of its own names none', () => {
  const without = { ...shape, tools: [] }
  expect(readRoleFile(file('permissions: edit'), without)).toMatchObject({ permissions: 'edit', tools: [] })
  expect(readRoleFile(file(), without)).toEqual({ problems: [expect.stringContaining('no such tool')] })
})

test.each([
  ['nothing', '', '`permissions`: '],
  ['no YAML', file('a: ['), 'not valid YAML'],
  ['an unknown key', file(`${keys}\npermission: edit`), 'unknown key `permission`; did you mean `permissions`?'],
  ['an unknown permission', file('permissions: all\ntools: [ask]'), '`permissions`: '],
  ['an unknown tool', file('permissions: edit\ntools: [finish]'), '`tools.0`: there is no such tool for this role'],
  ['no tool', file('permissions: edit\ntools: []'), '`tools`: must name at least one of submit, ask'],
  ['a text that is missing', file(keys, body.replace('# At the end\n\nStop.', '')), '`# At the end` is missing'],
  ['a text for nothing', file(keys, body.replace('# Rules', '# Rulez')), 'did you mean `# Rules`?'],
  ['a text twice', file(keys, `${body}\n\n# Rules\n\n{{fence}}`), '`# Rules` is there twice'],
  ['a gap that is missing', file(keys, body.replace('- {{ fence }}', '')), '`# Rules` lacks `{{fence}}`'],
  ['a gap that nothing fills', file(keys, body.replace('Stop.', 'Stop {{now}}.')), 'nothing fills `{{now}}`'],
  [
    'a gap in the wrong text',
    file(keys, body.replace('{{task}}', '{{fence}}')),
    'the text before the first heading lacks',
  ],
])('%s is a problem', (_, text, problem) => {
  const read = readRoleFile(text, shape)
  expect('problems' in read ? read.problems.join('\n') : '').toContain(problem)
})

test('gaps are filled once; a line without anything to say is left out, one with a list comes for each entry', () => {
  const text = '- {{a}} and {{ b }}\n\n- {{many}}: {{a}}\n- {{none}}\n- Left: {{empty}}.\n- {{number}}'
  const values = { a: '$& {{b}}', b: 'two', many: ['x', 'y'], none: [], empty: '', number: 0 }
  expect(fillGaps(text, values)).toBe('- $& {{b}} and two\n\n- x: $& {{b}}\n- y: $& {{b}}\n- 0')
})
