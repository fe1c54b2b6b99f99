/** Every configuration key we know that makes git start a program, each with a program that leaves a trace. */

import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Trap {
  /** The text of a configuration file. */
  config: string
  /** Lines for .gitattributes that send every file through the trap's filters and drivers. */
  attributes: string
  /** A folder of hooks, each a trap. */
  hooks: string
  /** Names of the programs that were started. */
  sprung(): Promise<string[]>
}

const keys = [
  'core.fsmonitor',
  'core.sshCommand',
  'core.editor',
  'core.pager',
  'core.askPass',
  'core.gitProxy',
  'core.alternateRefsCommand',
  'credential.helper',
  'diff.external',
  'diff.trap.command',
  'diff.trap.textconv',
  'filter.trap.clean',
  'filter.trap.smudge',
  'filter.trap.process',
  'merge.trap.driver',
  'gpg.program',
  'gpg.ssh.program',
  'sequence.editor',
  'uploadpack.packObjectsHook',
  'remote.origin.uploadpack',
  'remote.origin.receivepack',
  'trailer.trap.command',
  'interactive.diffFilter',
  'pager.log',
  'pager.diff',
  'ssh.variant',
  'submodule.lib.update',
]

const hooks = [
  'pre-commit',
  'commit-msg',
  'post-commit',
  'pre-push',
  'post-checkout',
  'post-merge',
  'post-index-change',
  'reference-transaction',
  'post-rewrite',
  'fsmonitor-watchman',
  'update',
]

/** @param folder where the programs and their traces go */
export async function setTrap(folder: string): Promise<Trap> {
  const traces = join(folder, 'traces')
  const hookFolder = join(folder, 'hooks')
  await mkdir(traces, { recursive: true })
  await mkdir(hookFolder, { recursive: true })
  const lines: string[] = []
  for (const key of keys) {
    const program = await writeTrap(folder, traces, key)
    const [section = '', ...rest] = key.split('.')
    const name = rest.pop() ?? ''
    const value = key === 'submodule.lib.update' || key === 'credential.helper' ? `!${program}` : program
    lines.push(rest.length > 0 ? `[${section} "${rest.join('.')}"]` : `[${section}]`, `\t${name} = "${value}"`)
  }
  for (const hook of hooks) await writeTrap(hookFolder, traces, hook)
  const ext = await writeTrap(folder, traces, 'ext')
  const include = join(folder, 'included')
  await writeFile(include, `[core]\n\tfsmonitor = ${await writeTrap(folder, traces, 'include')}\n`)
  lines.push(
    '[core]',
    `\thooksPath = ${hookFolder}`,
    '[commit]',
    '\tgpgSign = true',
    '[push]',
    '\tgpgSign = if-asked',
    '[log]',
    '\tshowSignature = true',
    '[protocol "ext"]',
    '\tallow = always',
    `[url "ext::${ext} "]`,
    '\tinsteadOf = /',
    '\tpushInsteadOf = /',
    '\tinsteadOf = http',
    '[remote "origin"]',
    `\turl = ext::${ext}`,
    `\tpushurl = ext::${ext}`,
    '\tpromisor = true',
    '\tpartialCloneFilter = blob:none',
    '[include]',
    `\tpath = ${include}`,
  )
  return {
    config: `${lines.join('\n')}\n`,
    attributes: '* filter=trap diff=trap merge=trap\n',
    hooks: hookFolder,
    sprung: async () => (await readdir(traces)).toSorted(),
  }
}

async function writeTrap(folder: string, traces: string, name: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, `#!/bin/sh\n: > "${join(traces, name)}"\n`, { mode: 0o755 })
  return file
}
