import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { Gate, GateContext, GateJudgement } from './gate.ts'
import { shortenOutput } from './lib/output.ts'
import { runShell, type ShellResult } from './lib/shell.ts'
import { signatureOf } from './lib/signature.ts'

/**
 * The repository's own commands, one after another, in a clean checkout of exactly the commit. A command finds what
 * the ones before it left in the checkout, but no process of theirs. The first that fails ends it.
 */
export const gate: Gate = { id: 'command', title: 'Commands', looksAt: 'code', judge }

type Command = Settings['gates']['commands'][number]

/** Of a command that passed, this much of the output is kept, in characters. */
const passedLog = 2_000
const usualPath = '/usr/local/bin:/usr/bin:/bin'

async function judge(context: GateContext): Promise<GateJudgement> {
  const { commands } = context.settings.gates
  if (commands.length === 0) {
    const how = 'add some under `gates.commands` in `.github/tutti.yml`, such as `- { name: test, run: npm test }`'
    return { verdict: 'skip', summary: `This repository names no commands; ${how}.` }
  }
  const cwd = await context.checkout()
  const place = await mkdtemp(join(tmpdir(), 'tutti-gate-'))
  try {
    return await runAll(commands, context, cwd, await environment(context, place))
  } finally {
    // What cannot be removed now (a folder made unreadable on purpose) is no reason to fail the work.
    await rm(place, { recursive: true, force: true, maxRetries: 2 }).catch((error: unknown) =>
      context.log.warn({ err: error, place }, 'a folder of a gate could not be removed'),
    )
  }
}

/** All that a command sees of the environment. HOME is a new, empty folder, and so is TMPDIR. */
async function environment({ env, marks }: GateContext, place: string): Promise<Record<string, string>> {
  const [HOME, TMPDIR] = [join(place, 'home'), join(place, 'tmp')]
  for (const folder of [HOME, TMPDIR]) await mkdir(folder)
  // Relative entries would find programs in the checkout that stand in for real ones.
  const path = (env.PATH ?? usualPath).split(delimiter).filter(isAbsolute).join(delimiter)
  return { ...marks, PATH: path || usualPath, HOME, TMPDIR, LANG: env.LANG ?? 'C.UTF-8', CI: 'true' }
}

async function runAll(
  commands: readonly Command[],
  context: GateContext,
  cwd: string,
  env: Record<string, string>,
): Promise<GateJudgement> {
  const logs: string[] = []
  const passed: string[] = []
  for (const command of commands) {
    const ended = await runShell(command.run, {
      cwd,
      env,
      marker: `HOME=${env.HOME}`,
      timeoutMs: command.minutes * 60_000,
      signal: context.signal,
      wrap: context.wrap,
    })
    if (ended.survivors > 0) context.log.warn({ command: command.name, ...ended.how }, 'processes of a gate live on')
    const wrong = problemOf(ended, command)
    logs.push(`$ ${command.run}\n${wrong ? ended.output : shortenOutput(ended.output, passedLog)}`.trimEnd())
    if (wrong) {
      const notRun = commands.length - passed.length - 1
      const rest = notRun > 0 ? ` ${notRun} more ${notRun === 1 ? 'was' : 'were'} not run.` : ''
      const signature = `${command.name}: ${signatureOf(wrong.how, ended.output)}`
      return {
        verdict: 'fail',
        summary: `**${command.name}** ${wrong.says}.${rest}`,
        log: logs.join('\n\n'),
        signature,
      }
    }
    passed.push(`${command.name} ${took(ended)}`)
  }
  return { verdict: 'pass', summary: passed.join(', '), log: logs.join('\n\n') }
}

/** What went wrong, for people and for the signature; undefined when nothing did. */
function problemOf(ended: ShellResult, command: Command): { says: string; how: string } | undefined {
  const { how } = ended
  switch (how.kind) {
    case 'exited':
      if (how.code === 0) return undefined
      return { says: exitWords(how.code, ended), how: `exit ${how.code}` }
    case 'killed':
      return { says: `was killed by ${how.signal} after ${took(ended)}`, how: how.signal }
    case 'out of time': {
      const limit = `${command.minutes} ${command.minutes === 1 ? 'minute' : 'minutes'}`
      return { says: `was ended after ${limit}, its limit`, how: 'out of time' }
    }
    case 'flood':
      return { says: 'was ended because it printed more than 256 MB', how: 'flood' }
    case 'aborted':
      return { says: 'was stopped', how: 'stopped' }
  }
}

/** 126 and 127 are the shell's own words (POSIX, "Exit Status for Commands"). */
function exitWords(code: number, ended: ShellResult): string {
  if (code === 127) return 'could not run: a program it calls was not found on this machine (exit code 127)'
  if (code === 126) return 'could not run: a program it calls may not be executed (exit code 126)'
  return `failed with exit code ${code} after ${took(ended)}`
}

function took({ milliseconds }: ShellResult): string {
  return milliseconds < 60_000 ? `${(milliseconds / 1_000).toFixed(1)} s` : `${(milliseconds / 60_000).toFixed(1)} min`
}
