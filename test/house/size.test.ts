/**
 * The limits of size are Biome's (`npm run check`): 60 lines a function, 300 a file, 4 parameters. `biome.json` turns a
 * rule off for the files that do not keep it yet. This test keeps that list short: who mends a file takes it off.
 */

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

interface Override {
  includes: string[]
  linter: { rules: Record<string, Record<string, unknown>> }
}

const { overrides } = JSON.parse(readFileSync('biome.json', 'utf8')) as { overrides: Override[] }
const rules = ['complexity/noExcessiveLinesPerFunction', 'complexity/useMaxParams', 'style/noExcessiveLinesPerFile']

const settingOf = ({ linter }: Override, rule: string) => {
  const [group = '', name = ''] = rule.split('/')
  return linter.rules[group]?.[name]
}

test.each(rules)('%s is off for those files alone that need it', async (rule) => {
  const excepted = overrides.filter((one) => settingOf(one, rule) === 'off').flatMap(({ includes }) => includes)
  const broken = (await filesByRule()).get(rule) ?? []
  expect(
    excepted.filter((file) => !broken.includes(file)),
    `these keep ${rule} now, or are gone: take them out of "overrides" in biome.json`,
  ).toEqual([])
})

let found: Promise<Map<string, string[]>> | undefined

/** The files of src/ and scripts/ that break each rule, whatever biome.json excepts: they are read once for all rules. */
function filesByRule(): Promise<Map<string, string[]>> {
  found ??= lint()
  return found
}

async function lint(): Promise<Map<string, string[]>> {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-size-'))
  const config = join(directory, 'biome.json')
  writeFileSync(config, JSON.stringify({ linter: { rules: { preset: 'none', ...limits() } } }))
  const args = ['lint', `--config-path=${config}`, '--max-diagnostics=none', '--reporter=github', 'src', 'scripts']
  const output = await new Promise<string>((resolve) => {
    execFile('node_modules/.bin/biome', args, { maxBuffer: 16 * 2 ** 20 }, (_, stdout) => resolve(stdout))
  })
  rmSync(directory, { recursive: true })
  const files = new Map<string, string[]>()
  for (const [, rule = '', file = ''] of output.matchAll(/title=lint\/(\S+?),file=([^,]+)/g))
    files.set(rule, [...(files.get(rule) ?? []), file.replace(`${process.cwd()}/`, '')])
  return files
}

/** The rules as biome.json sets them where it does not turn them off. */
function limits(): Record<string, Record<string, unknown>> {
  const all: Record<string, Record<string, unknown>> = {}
  for (const rule of rules) {
    const [group = '', name = ''] = rule.split('/')
    const limit = overrides
      .map((one) => settingOf(one, rule))
      .find((setting) => ![undefined, 'off'].includes(setting as string))
    all[group] = { ...all[group], [name]: limit }
  }
  return all
}
