import { expect, test } from 'vitest'
import { loopNameOf, readLoopFile } from '../../../src/config/loop-settings.ts'
import { UserError } from '../../../src/lib/errors.ts'

const path = '.github/tutti/loops/careful.md'

test.each([
  [path, 'careful'],
  ['.github/tutti/loops/a-2.md', 'a-2'],
  ['.github/tutti/loops/Careful.md', undefined],
  ['.github/tutti/loops/deep/careful.md', undefined],
  ['.github/tutti/loops/careful.yml', undefined],
  ['careful.md', undefined],
])('%s is the loop %s', (file, name) => expect(loopNameOf(file)).toBe(name))

test.each([
  ['a prompt alone', 'Be careful.\n\n---\nReally.', { prompt: 'Be careful.\n\n---\nReally.', steps: [] }],
  ['keys and a prompt', '---\nsteps:\n  - Read\n---\nBe careful.', { prompt: 'Be careful.', steps: ['Read'] }],
  [
    'line ends of Windows',
    '---\r\nsteps: [Read]\r\n---\r\nBe careful.\r\n',
    { prompt: 'Be careful.', steps: ['Read'] },
  ],
  ['a byte order mark', '\uFEFF---\nsteps: [Read]\n---\nBe careful.', { prompt: 'Be careful.', steps: ['Read'] }],
  ['keys without a prompt', '---\nagent: codex\n---\n', { prompt: '', agent: 'codex' }],
  ['nothing', '', { prompt: '', steps: [], gates: [] }],
])('%s', (_, text, loop) => expect(readLoopFile(path, text)).toMatchObject(loop))

test.each([
  ['an unknown key', '---\nstep: [Read]\n---\n', 'unknown key `step`; did you mean `steps`?'],
  ['a prompt as a key', '---\nprompt: x\n---\n', 'unknown key `prompt`'],
  ['a wrong type', '---\nsteps: Read\n---\n', '`steps`: '],
  ['no YAML', '---\na: [\n---\n', 'not valid YAML'],
  ['an alias', '---\nagent: &a codex\nsteps: [*a]\n---\n', 'not valid YAML'],
  ['a prompt that is too long', 'x'.repeat(20_001), '`prompt`: '],
])('%s is refused with the file and the key', (_, text, problem) => {
  const read = () => readLoopFile(path, text)
  expect(read).toThrow(UserError)
  expect(read).toThrow(problem.replaceAll('`', '`'))
  expect(read).toThrow(path)
})
