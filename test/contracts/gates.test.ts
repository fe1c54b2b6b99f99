/** The contract of the gates socket: every file in `src/gates` fits, and the loader refuses what does not. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadGates } from '../../src/gates/registry.ts'
import { OperatorError } from '../../src/lib/errors.ts'
import { contextFor } from '../support/gate-context.ts'

const gates = await loadGates()

it('holds the gates of the first release', () => {
  expect(gates.map((gate) => gate.id)).toEqual(expect.arrayContaining(['changes', 'command', 'protected-paths']))
})

describe.each(gates.map((gate) => [gate.id, gate] as const))('%s', (id, gate) => {
  it('has a title and says what it looks at', () => {
    expect(gate.id).toBe(id)
    expect(gate.title).toMatch(/^[A-Z].*[^.]$/)
    expect(['facts', 'code']).toContain(gate.looksAt)
  })

  it('judges an ordinary change without failing, in one line', async () => {
    const judgement = await gate.judge(contextFor())
    expect(['pass', 'skip']).toContain(judgement.verdict)
    expect(judgement.summary).toMatch(/^[^\n]+$/)
  })

  it('gates that look at facts open no checkout', async () => {
    const checkout = () => Promise.reject(new Error('no checkout'))
    if (gate.looksAt === 'facts') await gate.judge(contextFor({ checkout }))
  })
})

describe('the loader', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutti-socket-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function load(file: string, source: string): Promise<unknown> {
    const place = await mkdtemp(join(folder, 'case-'))
    await writeFile(join(place, file), `export const ${source}`)
    return loadGates(place).catch((error: unknown) => error)
  }
  const good = `{ id: 'luck', title: 'Luck', looksAt: 'facts', judge: async () => ({ verdict: 'pass', summary: 'Lucky.' }) }`

  it('takes a file that fits', async () => {
    expect(await load('luck.ts', `gate = ${good}`)).toMatchObject([{ id: 'luck' }])
  })

  it.each([
    ['another id', 'chance.ts', `gate = ${good}`, /chance\.ts does not fit: gate\.id is "luck"/],
    ['nothing exported', 'luck.ts', `other = ${good}`, /luck\.ts does not fit: gate is not exported/],
    ['no title', 'luck.ts', `gate = ${good.replace("title: 'Luck', ", '')}`, /gate\.title/],
    ['another kind', 'luck.ts', `gate = ${good.replace("'facts'", "'stars'")}`, /gate\.looksAt/],
    ['no judge', 'luck.ts', `gate = { ...${good}, judge: true }`, /gate\.judge must be a function/],
    ['a file that cannot be read', 'luck.ts', 'gate = {', /luck\.ts cannot be loaded/],
  ])('refuses %s, naming file and field', async (_, file, source, message) => {
    const refused = await load(file, source)
    expect(refused).toBeInstanceOf(OperatorError)
    expect((refused as Error).message).toMatch(message)
  })
})
