/**
 * The limits of size are Biome's (`npm run check`): 60 lines a function, 300 a file, 4 parameters. `biome.json` turns a
 * rule off for the files that do not keep it yet. This test keeps that list short: who mends a file takes it off.
 */

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

interface Override {
  includes: string[]
  linter: { rules: Record<string, Record<string, unknown>> }
}

const { overrides } = JSON.parse(readFileSync('biome.json', 'utf8')) as { overrides: Override[] }
const rules = ['complexity/noExcessiveLinesPerFunction', 'complexity/useMaxParams', 'style/noExcessiveLinesPerFile']

test.each(rules)('%s is off for those files alone that need it', async (rule) => {
  const [group = '', name = ''] = rule.split('/')
  const settingOf = ({ linter }: Override) => linter.rules[group]?.[name]
  const limit = overrides.find((one) => ![undefined, 'off'].includes(settingOf(one) as string | undefined))
  const excepted = overrides.filter((one) => settingOf(one) === 'off').flatMap(({ includes }) => includes)
  const broken = await filesThatBreak({ [group]: { [name]: limit && settingOf(limit) } })
  expect(
    excepted.filter((file) => !broken.includes(file)),
    `these keep ${rule} now, or are gone: take them out of "overrides" in biome.json`,
  ).toEqual([])
})

/** The files of src/ and scripts/ that break a rule, whatever biome.json excepts. */
async function filesThatBreak(rule: Record<string, unknown>): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-size-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const config = join(directory, 'biome.json')
  writeFileSync(config, JSON.stringify({ linter: { rules: { preset: 'none', ...rule } } }))
  const args = ['lint', `--config-path=${config}`, '--max-diagnostics=none', '--reporter=github', 'src', 'scripts']
  const output = await new Promise<string>((resolve) => {
    execFile('node_modules/.bin/biome', args, { maxBuffer: 16 * 2 ** 20 }, (_, stdout) => resolve(stdout))
  })
  const found = output.matchAll(/title=lint\/\S+?,file=([^,]+)/g)
  return [...new Set([...found].map(([, file = '']) => file.replace(`${process.cwd()}/`, '')))]
}
