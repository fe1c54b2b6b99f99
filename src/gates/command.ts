import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import { coverageIn, type TestFacts } from '../domain/test-facts.ts'
import * as messages from '../messages/gates.ts'
import { picturesKept } from '../messages/pictures.ts'
import type { Box } from '../sandbox/sandbox.ts'
import { CheckoutRefused, type Gate, type GateContext, type GateJudgement } from './gate.ts'
import { programEnvironment } from './lib/environment.ts'
import { shortenOutput } from './lib/output.ts'
import { readPictures } from './lib/pictures.ts'
import { runShell, type ShellResult } from './lib/shell.ts'
import { signatureOf } from './lib/signature.ts'

/**
 * Runs the repository's own commands, one after another, in a clean checkout of exactly the commit. A command sees the
 * files that earlier ones left in the checkout, but no process of theirs. The first command that fails ends the gate.
 * Pictures that they put into the folder `TUTTI_ARTIFACTS` are shown to people.
 */
export const gate: Gate = { id: 'command', title: 'Commands', looksAt: 'code', judge }

type Command = Settings['gates']['commands'][number]

/** Output that is kept of a command that passed, in characters. */
const passedLog = 2_000

async function judge(context: GateContext): Promise<GateJudgement> {
  const { commands } = context.settings.gates
  if (commands.length === 0) return { verdict: 'skip', summary: messages.noCommands }
  const cwd = await context.checkout().catch((error: unknown) => refusedBy(error))
  if (typeof cwd !== 'string') return cwd
  const place = await mkdtemp(join(tmpdir(), 'tutti-gate-'))
  let box: Box | undefined
  try {
    const pictures = join(place, 'artifacts')
    await mkdir(pictures)
    const env = { ...(await programEnvironment(context, place)), TUTTI_ARTIFACTS: pictures }
    box = await context.box?.({ cwd, home: place })
    return await withPictures(await runAll(commands, context, cwd, { env, box }), pictures, context)
  } finally {
    await box?.close()
    // A folder that cannot be removed (one made unreadable on purpose) must not fail the gate.
    await rm(place, { recursive: true, force: true, maxRetries: 2 }).catch((error: unknown) =>
      context.log.warn({ err: error, place }, 'a folder of a gate could not be removed'),
    )
  }
}

/** The change breaks the set-up step: the agent mends it. @throws every other error. */
function refusedBy(error: unknown): GateJudgement {
  if (!(error instanceof CheckoutRefused)) throw error
  const { message, output } = error
  return { verdict: 'fail', summary: message, log: output, signature: `set-up: ${signatureOf('failed', output)}` }
}

/** What the commands left to be looked at. It changes no verdict. */
async function withPictures(
  judged: GateJudgement,
  folder: string,
  { log }: Pick<GateContext, 'log'>,
): Promise<GateJudgement> {
  try {
    const { pictures, leftOut } = await readPictures(folder)
    if (leftOut.length === 0) return { ...judged, pictures }
    return { ...judged, pictures, log: `${judged.log ?? ''}\n\n${picturesKept(pictures.length, leftOut)}`.trimStart() }
  } catch (err) {
    log.warn({ err, folder }, 'the pictures of a gate could not be read')
    return judged
  }
}

async function runAll(
  commands: readonly Command[],
  context: GateContext,
  cwd: string,
  { env, box }: { env: Record<string, string>; box: Box | undefined },
): Promise<GateJudgement> {
  const logs: string[] = []
  // The log that is kept is shortened; this is of every byte that the commands printed.
  const digest = createHash('sha256')
  const passed: string[] = []
  const coverage: TestFacts['coverage'] = []
  for (const command of commands) {
    digest.update(`$ ${command.run}\n`)
    const ended = await runShell(command.run, {
      digest,
      cwd,
      env,
      marker: `HOME=${env.HOME}`,
      timeoutMs: command.minutes * 60_000,
      signal: context.signal,
      box,
    })
    if (ended.survivors > 0) context.log.warn({ command: command.name, ...ended.how }, 'processes of a gate live on')
    const problem = problemOf(ended, command)
    const percent = coverageIn(ended.output)
    if (percent !== undefined) coverage.push({ command: command.name, percent })
    logs.push(`$ ${command.run}\n${problem ? ended.output : shortenOutput(ended.output, passedLog)}`.trimEnd())
    if (problem) {
      const summary = messages.commandFailed(command.name, problem.text, commands.length - passed.length - 1)
      const signature = `${command.name}: ${signatureOf(problem.how, ended.output)}`
      return { verdict: 'fail', summary, log: logs.join('\n\n'), logDigest: digest.digest('hex'), signature, coverage }
    }
    passed.push(messages.commandPassed(command.name, took(ended)))
  }
  const log = logs.join('\n\n')
  return { verdict: 'pass', summary: passed.join(', '), log, logDigest: digest.digest('hex'), coverage }
}

/** How a command failed, for people and for the signature; undefined when it passed. */
function problemOf(ended: ShellResult, command: Command): { text: string; how: string } | undefined {
  const { how } = ended
  switch (how.kind) {
    case 'exited':
      if (how.code === 0) return undefined
      return { text: messages.exitedWith(how.code, took(ended)), how: `exit ${how.code}` }
    case 'killed':
      return { text: messages.wasKilled(how.signal, took(ended)), how: how.signal }
    case 'out of time':
      return { text: messages.reachedTimeLimit(command.minutes), how: 'out of time' }
    case 'flood':
      return { text: messages.printedTooMuch, how: 'flood' }
    case 'disk':
      return { text: messages.filledDisk, how: 'disk' }
    case 'aborted':
      return { text: messages.wasStopped, how: 'stopped' }
  }
}

function took({ milliseconds }: ShellResult): string {
  return milliseconds < 60_000 ? `${(milliseconds / 1_000).toFixed(1)} s` : `${(milliseconds / 60_000).toFixed(1)} min`
}
