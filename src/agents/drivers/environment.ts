/** The smallest environment in which an agent works, and the path of its program. */

import { isAbsolute, join, resolve } from 'node:path'
import { findOnPath, runnableFile } from '../../lib/find-on-path.ts'
import type { AgentKind } from '../agent.ts'
import type { RunAgentOptions } from './agent-run.ts'

/** Passed on unchanged. HOME and TMPDIR belong to the run: it reads neither another run's nor the operator's. */
const baseNames = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TERM', 'TZ']

/**
 * The environment of a run: the base, the names that the kind declares, its fixed variables, those of this start, and
 * the markers. No other variable of this process is passed on.
 * @param options.start variables of the kind's start command.
 * @param options.marks the variables that mark the run's processes; they override all others.
 */
export function agentEnvironment(
  run: Pick<RunAgentOptions, 'kind' | 'env' | 'home'>,
  options: { start?: Record<string, string>; marks: Record<string, string> },
): Record<string, string> {
  const passed = [...baseNames, ...run.kind.env].flatMap((name) => {
    const value = run.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(passed),
    ...run.kind.fixedEnv,
    ...options.start,
    HOME: run.home,
    TMPDIR: join(run.home, 'tmp'),
    ...options.marks,
  }
}

/**
 * The absolute path of a program; undefined when there is none that may be run. A name without a slash is searched in
 * `path`. Relative entries of it are skipped, so that a file in the worktree never replaces a program.
 */
export function findProgram(file: string, path: string | undefined, cwd: string): string | undefined {
  if (file === '') return undefined
  if (file.includes('/')) return runnableFile(isAbsolute(file) ? file : resolve(cwd, file))
  return findOnPath(file, path)
}

/** The ACP auth method of a kind whose variable is set; undefined when none is. */
export function authMethod(
  kind: Pick<AgentKind, 'authenticate'>,
  env: Readonly<Record<string, string>>,
): string | undefined {
  return kind.authenticate.find(({ whenEnv }) => (env[whenEnv] ?? '') !== '')?.method
}
