/** `tutti doctor`: says what is missing here, and what to do about it. It changes nothing. */

import { counted } from '../lib/counted.ts'
import type { Finding, FindingState } from './doctor/finding.ts'
import { readLocalEnv } from './lib/local-store.ts'
import { styled } from './lib/style.ts'
import { wrapped } from './lib/wrap.ts'
import { defineVerb } from './verb.ts'

export const doctor = defineVerb({
  json: true,
  declare: (command) => command,
  more: 'The exit code is 1 when something must be done before Tutti can work.',
  run: async ({ json }) => runDoctor(json),
})

/** Looks at everything, prints it, and says whether something must be done. @returns the exit code. */
export async function runDoctor(json: boolean): Promise<number> {
  const findings: Finding[] = []
  const show = (more: readonly Finding[]) => {
    findings.push(...more)
    if (!json) for (const one of more) console.log(linesOf(one, process.stdout.columns))
  }
  const [machine, github] = await Promise.all([import('./doctor/machine.ts'), import('./doctor/github.ts')])
  const { failedCheck } = await import('./doctor/finding.ts')
  let env: ReturnType<typeof readLocalEnv>
  try {
    env = readLocalEnv()
  } catch (error) {
    show([failedCheck('settings', error)])
    if (json) console.log(JSON.stringify({ ok: false, findings }))
    return 1
  }
  show([...machine.checkVariables(), ...machine.checkSecretsDirectory(env)])
  show([machine.checkGit(env), machine.checkDisk(env)])
  show([...(await machine.checkDatabase(env)), await machine.checkSandbox(env)])
  show(await machine.checkAgents(env))
  show(await github.checkGitHub(env))
  const wrong = findings.filter(({ state }) => state === 'problem').length
  if (json) console.log(JSON.stringify({ ok: wrong === 0, findings }))
  else console.log(wrong === 0 ? '\nTutti can work here.' : `\n${counted(wrong, 'thing')} to do before Tutti can work.`)
  return wrong === 0 ? 0 : 1
}

const signs: Readonly<Record<FindingState, string>> = { fine: '✓', advice: '!', problem: '✗' }
const colours = { fine: 'green', advice: 'yellow', problem: 'red' } as const

/** Columns before what a finding says: its sign and its check. */
const margin = 17

/** A finding as lines of a terminal. @param width its columns; undefined for files and pipes. */
function linesOf({ check, state, what, hint }: Finding, width: number | undefined): string {
  const head = `${styled(colours[state], signs[state])} ${check.padEnd(margin - 3)} ${wrapped(`${what}.`, width, margin)}`
  return hint ? `${head}\n${' '.repeat(margin)}${wrapped(hint, width, margin)}` : head
}
