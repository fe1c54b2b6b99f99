/**
 * What a gate is: a file that judges one commit. People review the commit only when no gate has the verdict `fail`.
 * `needs-approval` asks for a person's explicit approval; `skip` means that the gate has nothing to judge here.
 */

import type { Logger } from 'pino'
import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import type { Picture } from '../db/pictures.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { TestFacts } from '../domain/test-facts.ts'
import type { Sha } from '../lib/ids.ts'
import type { Box } from '../sandbox/sandbox.ts'

/** One changed file, as git reports it. */
export interface GateChange {
  path: string
  /** Added, modified, deleted, renamed, or of another type than before (file, link, submodule). */
  status: 'A' | 'M' | 'D' | 'R' | 'T'
  /** Its path before, when it was renamed. */
  oldPath?: string
  /** git's file mode in octal: `160000` is a submodule. */
  mode?: string
  oldMode?: string
  /** Lines; both 0 for a binary file. */
  additions: number
  deletions: number
  binary: boolean
}

/** What a gate is given. */
export interface GateContext {
  item: Pick<ItemRow, 'issueNumber' | 'protectedAllowedSha'>
  settings: Settings
  /** Where the branch left its base. */
  base: Sha
  /** The commit to be judged. */
  head: Sha
  /** From `base` to `head`. */
  changes: readonly GateChange[]
  /**
   * The folder of a clean checkout of exactly `head`, set up as the settings say, made once, at the first call, and shared
   * by all gates.
   * @throws {CheckoutRefused} when the change breaks the set-up step.
   */
  checkout(): Promise<string>
  /** A file as of a commit, undefined when there is none. Without it, changes that depend on contents wait for a person. */
  readFile?(commit: Sha, path: string): Promise<string | undefined>
  /** What the commit adds, as a patch, at most so many bytes. */
  patch?(maxBytes: number): Promise<{ text: string; truncated: boolean }>
  /** The messages of the commits from `base` to `head`. */
  commitMessages?(): Promise<string[]>
  /** The lines of a text, from 1, on which a secret begins that Tutti knows. */
  knownSecrets?(text: string): number[]
  /** The environment of this process. Programs get PATH and LANG of it, and nothing else. */
  env: Readonly<Record<string, string>>
  /** Variables that mark every program started here, so that the reaper can find and end them. */
  marks?: Readonly<Record<string, string>>
  /** Test secrets and variables of the repository, for programs that are started here. */
  variables?: Readonly<Record<string, string>>
  /**
   * Opens a sandbox for programs in a folder; it is to be closed.
   * @returns undefined where there is none, and none is required.
   */
  box?(place: { cwd: string; home: string }): Promise<Box | undefined>
  /** Aborted when the run is stopped. */
  signal: AbortSignal
  log: Pick<Logger, 'warn'>
}

/** The set-up step of a checkout failed. */
class SetUpError extends Error {
  /** What the step printed. */
  readonly output: string

  constructor(message: string, output: string) {
    super(message)
    this.output = output
  }
}

/** A commit whose set-up step fails because of what it changes. */
export class CheckoutRefused extends SetUpError {
  override name = 'CheckoutRefused'
}

/** The set-up step fails whatever the commit changes. */
export class SetUpBroken extends SetUpError {
  override name = 'SetUpBroken'
}

export interface GateJudgement {
  verdict: 'pass' | 'fail' | 'needs-approval' | 'skip'
  /** One line of markdown for people. */
  summary: string
  /** Evidence as plain text, at most about 64 Ki characters. */
  log?: string
  /** The SHA-256 of the whole log, where `log` is not all of it. */
  logDigest?: string
  /** The coverage that programs of the gate have printed. */
  coverage?: TestFacts['coverage']
  /** For people to look at. */
  pictures?: Picture[]
  /** The same failure has the same one, whatever its numbers, paths and times. */
  signature?: string
}

export interface Gate {
  /** The file's name. */
  id: string
  /** Its name for people. */
  title: string
  /** Gates on `facts` run first. Gates that run `code` of the branch run after them, and only if none has failed. */
  looksAt: 'facts' | 'code'
  /** @throws anything: the gate itself failed, which blocks. */
  judge(context: GateContext): Promise<GateJudgement>
}

/** The shape that the loader checks. */
export const gateShape = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case words joined by dashes'),
  title: z.string().min(1).max(60),
  looksAt: z.enum(['facts', 'code']),
  judge: z.custom<Gate['judge']>((value) => typeof value === 'function', 'must be a function'),
}) satisfies z.ZodType<Gate>
