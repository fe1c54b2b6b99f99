/**
 * The set-up step of a repository (`setup` in its settings): what a fresh tree lacks, such as installed dependencies, is
 * made before an agent works in it and before gates judge it.
 *
 * The cache is filled from commits of the base branch alone, in a checkout of its own. What a branch changes about its
 * dependencies is made in its own tree, so that no agent decides what others get.
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Logger } from 'pino'
import type { Settings } from '../../config/settings.ts'
import { programEnvironment } from '../../gates/lib/environment.ts'
import { runShell } from '../../gates/lib/shell.ts'
import type { BareClone } from '../../git/bare-clone.ts'
import { validBranch } from '../../git/names.ts'
import type { Sha } from '../../lib/ids.ts'
import type { Reaper } from '../../sandbox/reaper.ts'
import { markerEnv } from '../../sandbox/run-markers.ts'
import type { Box, Sandbox } from '../../sandbox/sandbox.ts'
import { programBox } from '../boxes.ts'
import type { RepositoryVariables } from '../repository-secrets.ts'
import type { DependencyCache } from './dependency-cache.ts'
import { setUpKeyOf } from './set-up-key.ts'

/** What the step needs of this process. */
export interface SetUpServices {
  env: { dataDirectory: string; source: Readonly<Record<string, string>> }
  log: Pick<Logger, 'info' | 'warn'>
  reaper: Pick<Reaper, 'start' | 'instanceId' | 'lifeId'>
  sandbox: Sandbox
  caches: DependencyCache
  variables: RepositoryVariables
  /** Text without any secret that Tutti knows. */
  redact(text: string): string
}

/** A tree that is to be set up. */
export interface TreeToSetUp {
  repo: { githubId: number; fullName: string }
  settings: Settings
  control: BareClone
  /** The tree, and the commit that it holds. */
  path: string
  commit: Sha
  /** Where its branch left the base branch, or the base branch itself: what is there may fill the cache. */
  base: Sha
  /** Marks its processes; unique among what runs now. */
  runId: string
  signal: AbortSignal
  /** The tree is not new: the step may have been done in it. */
  reused?: boolean
}

export type SetUpOutcome =
  /** `cached`: copied; `ran`: the command ran in the tree; `kept`: it is as the last attempt left it. */
  | { kind: 'none' | 'cached' | 'ran' | 'kept' }
  /** `ownChange`: the branch has changed what decides the step, so that the fault may be its own. */
  | { kind: 'failed'; how: string; log: string; ownChange: boolean }

/** Sets up a tree; nothing is done where the settings have no `setup.run`. @throws {OperatorError} when no shell starts. */
export async function setUpTree(services: SetUpServices, tree: TreeToSetUp): Promise<SetUpOutcome> {
  const { setup } = tree.settings
  if (setup?.run === undefined) return { kind: 'none' }
  const key = await setUpKeyOf(tree.control, tree.commit, setup)
  const state = stateFile(services, tree)
  if (tree.reused && (await readFile(state, 'utf8').catch(() => '')) === key) return { kind: 'kept' }
  const outcome = await setUp(services, tree, key)
  await mkdir(dirname(state), { recursive: true, mode: 0o700 })
  await writeFile(state, outcome.kind === 'failed' ? '' : key, { mode: 0o600 })
  services.log.info({ repository: tree.repo.fullName, key, outcome: outcome.kind }, 'a tree was set up')
  return outcome
}

function stateFile({ env }: SetUpServices, { path }: TreeToSetUp): string {
  return join(env.dataDirectory, 'set-up', `${basename(dirname(path))}~${basename(path)}`)
}

async function setUp(services: SetUpServices, tree: TreeToSetUp, key: string): Promise<SetUpOutcome> {
  const { setup } = tree.settings
  const { paths } = setup.cache
  const own = key !== (await setUpKeyOf(tree.control, tree.base, setup))
  const entry = join(String(tree.repo.githubId), key)
  if (paths.length > 0) {
    const failure = own ? undefined : await fillCache(services, tree, entry)
    if (failure) return failure
    if (await services.caches.copyInto(entry, tree.path, paths, tree.reused === true)) return { kind: 'cached' }
  }
  return (await runIn(services, tree, own)) ?? { kind: 'ran' }
}

class SetUpFailed extends Error {
  readonly outcome: Extract<SetUpOutcome, { kind: 'failed' }>
  constructor(outcome: Extract<SetUpOutcome, { kind: 'failed' }>) {
    super(outcome.how)
    this.outcome = outcome
  }
}

/** Fills the cache from the base, in a checkout of its own. @returns why it could not. */
async function fillCache(
  services: SetUpServices,
  tree: TreeToSetUp,
  entry: string,
): Promise<Extract<SetUpOutcome, { kind: 'failed' }> | undefined> {
  const name = entry.replaceAll('/', '-')
  const path = join(services.env.dataDirectory, 'checks', `set-up-${name}`)
  const branch = validBranch(`tutti-set-up/${name}`)
  const remove = () => tree.control.removeWorktree({ path, branch }, { merged: tree.base })
  try {
    await services.caches.build(entry, tree.settings.setup.cache.paths, async (take) => {
      await remove()
      await tree.control.addWorktree({ path, branch, base: tree.base })
      try {
        const failure = await runIn(services, { ...tree, path, runId: `set-up-${name}` }, false)
        if (failure) throw new SetUpFailed(failure)
        await take(path)
      } finally {
        await remove()
      }
    })
    return undefined
  } catch (error) {
    if (!(error instanceof SetUpFailed)) throw error
    // Another attempt was making it, and was stopped.
    if (error.outcome.how === 'aborted' && !tree.signal.aborted) return fillCache(services, tree, entry)
    return error.outcome
  }
}

/** Runs the command in a tree. @returns why it failed. */
async function runIn(
  services: SetUpServices,
  { repo, settings, path, runId, signal, control }: TreeToSetUp,
  ownChange: boolean,
): Promise<Extract<SetUpOutcome, { kind: 'failed' }> | undefined> {
  const { run = '', minutes } = settings.setup
  const { reaper } = services
  // The reaper ends its processes with us, also when we are killed.
  reaper.start()
  const marks = markerEnv({ instanceId: reaper.instanceId, lifeId: reaper.lifeId, runId })
  const variables = await services.variables(repo.fullName, 'setup')
  const place = await mkdtemp(join(tmpdir(), 'tutti-set-up-'))
  let box: Box | undefined
  try {
    const env = await programEnvironment({ env: services.env.source, marks, variables }, place)
    box = await programBox(services.sandbox, { control, settings, purpose: 'setup', cwd: path, home: place })
    const marker = `HOME=${env.HOME}`
    const ended = await runShell(run, { cwd: path, env, marker, timeoutMs: minutes * 60_000, signal, box })
    if (ended.how.kind === 'exited' && ended.how.code === 0) return undefined
    const how = ended.how.kind === 'exited' ? `exit code ${ended.how.code}` : ended.how.kind
    return { kind: 'failed', how, log: services.redact(`$ ${run}\n${ended.output}`.trimEnd()), ownChange }
  } finally {
    await box?.close()
    await rm(place, { recursive: true, force: true, maxRetries: 2 }).catch(() => {})
  }
}
