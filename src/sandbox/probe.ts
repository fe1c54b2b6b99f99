/** Whether programs can be put into a sandbox on this machine, and why not. */

import { spawnSync } from 'node:child_process'
import { findOnPath } from '../lib/find-on-path.ts'
import { seccompFilter } from './seccomp-filter.ts'

/** The programs that make up a sandbox, with their absolute paths; or why there is none. */
export type SandboxTools =
  | { found: true; bwrap: string; socat: string; prlimit: string; nice: string }
  | { found: false; why: string; install: string }

const packages: Readonly<Record<string, string>> = {
  bwrap: 'bubblewrap',
  socat: 'socat',
  prlimit: 'util-linux',
  nice: 'coreutils',
}

/** Finds the programs, and starts a sandbox once. @param path the PATH to search. */
export function probeSandbox(path: string | undefined, platform: string = process.platform): SandboxTools {
  if (platform !== 'linux')
    return {
      found: false,
      why: `there is none for ${platform}`,
      install: 'run Tutti on Linux, or in a Linux container',
    }
  if (!seccompFilter())
    return { found: false, why: `there is none for ${process.arch}`, install: 'run Tutti on x64 or arm64' }
  const found = Object.fromEntries(Object.keys(packages).map((name) => [name, findOnPath(name, path)]))
  const missing = Object.entries(packages).filter(([name]) => !found[name])
  const { bwrap, socat, prlimit, nice } = found
  if (!bwrap || !socat || !prlimit || !nice) {
    const names = missing.map(([name]) => name).join(', ')
    return { found: false, why: `not installed: ${names}`, install: `apt-get install ${packagesOf(missing)}` }
  }
  const problem = tryOut(bwrap)
  return problem === undefined
    ? { found: true, bwrap, socat, prlimit, nice }
    : { found: false, why: `bwrap does not work: ${problem}`, install: namespacesHint }
}

const packagesOf = (missing: readonly [string, string][]) => missing.map(([, name]) => name).join(' ')
const namespacesHint =
  'allow user namespaces: on Ubuntu 24.04 an AppArmor profile for bwrap; in Docker --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined'

function tryOut(bwrap: string): string | undefined {
  const args = ['--unshare-user', '--unshare-pid', '--unshare-net', '--disable-userns', '--ro-bind', '/', '/']
  const { status, stderr, error } = spawnSync(bwrap, [...args, '--proc', '/proc', '--dev', '/dev', 'true'], {
    encoding: 'utf8',
    timeout: 10_000,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  })
  if (status === 0) return undefined
  return (error?.message ?? stderr.trim().split('\n').at(-1) ?? '').slice(0, 300) || `exit code ${status}`
}
