/** The operator's file of test secrets: what is read, and what is refused without a value in the message. */

import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseSecrets, readSecretFile } from '../../../src/config/secret-file.ts'
import { Secrets } from '../../../src/lib/secrets.ts'
import { openRepositorySecrets } from '../../../src/runs/repository-secrets.ts'

test('headings say what a value is for, and whether it is secret', () => {
  const text = `# comment
[setup gates]
NPM_TOKEN=npm_0123456789
QUOTED="two words
PEM="line one\\nline two"
[variables agent]
HOST = x
`
  expect(() => parseSecrets(text, 'acme/app')).toThrow('line 7 of the test secrets of acme/app is not `NAME=value`')
  expect(parseSecrets(text.replace('HOST = x', 'HOST=x'), 'acme/app')).toEqual([
    { name: 'NPM_TOKEN', value: 'npm_0123456789', scopes: ['setup', 'gates'], secret: true },
    { name: 'QUOTED', value: '"two words', scopes: ['setup', 'gates'], secret: true },
    { name: 'PEM', value: 'line one\nline two', scopes: ['setup', 'gates'], secret: true },
    { name: 'HOST', value: 'x', scopes: ['agent'], secret: false },
  ])
})

test.each([
  ['TOKEN=topsecret', 'line 1 .* comes before any heading'],
  ['[everything]', 'must name some of'],
  ['[variables]', 'must name some of'],
  ['[gates]\nSHORT=hunter2', 'is too short to be found in logs'],
  ['[gates]\nPATH=/topsecret', 'sets PATH'],
  ['[agent]\nGITHUB_TOKEN=topsecret', 'sets GITHUB_TOKEN'],
  ['[agent]\nTUTTI_RUN=topsecret', 'sets TUTTI_RUN'],
  ['[agent]\nLD_PRELOAD=topsecret', 'sets LD_PRELOAD'],
])('%s is refused, without the value', (text, message) => {
  expect(() => parseSecrets(text, 'acme/app')).toThrow(new RegExp(message))
  try {
    parseSecrets(text, 'acme/app')
  } catch (error) {
    expect(String(error)).not.toMatch(/topsecret|hunter2/)
  }
})

test('the file belongs to the operator alone, and every secret is learnt before one is used', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-secrets-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await mkdir(join(directory, 'acme'))
  const file = join(directory, 'acme', 'app.env')
  await writeFile(file, '[gates]\nTOKEN=abcdefgh-0123\n[variables setup]\nHOST=somewhere\n', { mode: 0o644 })
  await expect(readSecretFile(directory, 'acme/app')).rejects.toThrow('may be read by others; `chmod 600` it')
  await chmod(file, 0o600)
  const secrets = new Secrets([])
  const variables = openRepositorySecrets(directory, (values) => secrets.keep(values))
  expect(await variables('Acme/App', 'setup')).toEqual({ HOST: 'somewhere' })
  expect(await variables('acme/app', 'gates')).toEqual({ TOKEN: 'abcdefgh-0123' })
  expect(await variables('acme/app', 'agent')).toEqual({})
  expect(await variables('acme/other', 'gates')).toEqual({})
  expect(await variables('../acme', 'gates')).toEqual({})
  const encoded = Buffer.from('abcdefgh-0123').toString('base64')
  expect(secrets.redact(`abcdefgh-0123 ${encoded} somewhere`)).toMatch(/^\[redacted\] \[redacted\]\S* somewhere$/)

  await rm(file)
  await symlink('/etc/passwd', file)
  await expect(readSecretFile(directory, 'acme/app')).rejects.toThrow('is not a plain file')
})
