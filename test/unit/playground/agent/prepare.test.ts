import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { preparedProgram } from '../../../../src/playground/agent/prepare.ts'
import { scratch } from '../../../support/agent-bench.ts'

const folder = fileURLToPath(new URL('../../../../src/playground/agent', import.meta.url))

it('is prepared once for each state of its files, as JavaScript', async () => {
  const copy = join(await scratch(), 'agent')
  await cp(folder, copy, { recursive: true })
  const cache = join(await scratch(), 'cache')
  const program = preparedProgram(copy, cache)
  expect(program).toMatch(/\/main\.mjs$/)
  expect(preparedProgram(copy, cache)).toBe(program)
  expect(readdirSync(cache)).toHaveLength(1)
  await writeFile(join(copy, 'wire.ts'), '// another one\n', { flag: 'a' })
  expect(preparedProgram(copy, cache)).not.toBe(program)
})

it('starts as it is where nothing can be prepared', async () => {
  const file = join(await scratch(), 'file')
  await writeFile(file, '')
  expect(preparedProgram(folder, join(file, 'cache'))).toBe(join(folder, 'main.ts'))
  const broken = join(await scratch(), 'agent')
  await mkdir(broken)
  await writeFile(join(broken, 'main.ts'), 'enum No { Plain }\n')
  const cache = join(await scratch(), 'cache')
  expect(preparedProgram(broken, cache)).toBe(join(broken, 'main.ts'))
  expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([])
})
