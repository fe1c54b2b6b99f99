/** What every git command gets from us: its configuration, its global options and its whole environment. */

import type { GitCommandOptions } from './git-options.ts'

/** Where programs are searched. The operator's PATH is not used: its first entry may be a folder that others write. */
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin'

/**
 * Settings that win over every configuration file. They hold even if our own file was changed. That file is
 * compared before each command (see `repository.ts`), because filters and drivers have free names.
 *
 * Four keys are absent, since simple-git refuses them on the command line (ADR 0007). `protocol.*` is replaced by
 * GIT_ALLOW_PROTOCOL and `core.pager` by `--no-pager`. `core.gitProxy` serves git:// only, which is not allowed.
 * `core.editor` serves commands that open an editor, and none of these is on the list in `allowed-arguments.ts`.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.sshCommand=false',
  'core.autocrlf=false',
  'core.symlinks=true',
  'core.fileMode=true',
  'core.quotePath=false',
  'core.protectHFS=true',
  'core.protectNTFS=true',
  'core.filesRefLockTimeout=500',
  'core.packedRefsTimeout=1000',
  'credential.helper=',
  'credential.useHttpPath=false',
  'credential.username=x-access-token',
  'commit.gpgSign=false',
  'push.gpgSign=false',
  'push.recurseSubmodules=no',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'fetch.writeCommitGraph=false',
  'fetch.unpackLimit=100',
  'gc.auto=0',
  'maintenance.auto=false',
  'http.followRedirects=false',
  'http.emptyAuth=false',
  'http.sslVerify=true',
  // A server that sends less than 1,000 bytes/s for a minute is taken for gone.
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=60',
]

/** The configuration of a command, each entry as `-c` takes it: `key=value`. */
export function gitSettings(options: GitCommandOptions): string[] {
  const values = [...settings, `http.proxy=${options.remote?.proxy ?? ''}`]
  if (options.remote?.caFile) values.push(`http.sslCAInfo=${options.remote.caFile}`)
  if (options.fsck) {
    values.push(`transfer.fsckObjects=${options.fsck.check}`)
    values.push(...options.fsck.allow.map((fault) => `fetch.fsck.${fault}=warn`))
  }
  return values
}

/** The options that stand before the subcommand. */
export function globalOptions(options: GitCommandOptions): string[] {
  const globals = ['--no-pager', '--no-replace-objects', '--literal-pathspecs']
  if (options.gitDir) globals.push(`--git-dir=${options.gitDir}`)
  if (options.workTree) globals.push(`--work-tree=${options.workTree}`)
  return globals
}

/** The folder that the command starts in. */
export function workingFolder(options: GitCommandOptions): string {
  return options.workTree ?? options.gitDir ?? '/'
}

/** Built from nothing: no GIT_* of the operator's, no home folder with a .gitconfig or .netrc, no proxy. */
export function gitEnvironment(options: GitCommandOptions): Record<string, string> {
  const env: Record<string, string> = {
    PATH: searchPath,
    HOME: '/dev/null',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ASKPASS: options.remote?.askpass ?? 'false',
    GIT_ALLOW_PROTOCOL: protocolsOf(options),
  }
  if (options.index) env.GIT_INDEX_FILE = options.index
  if (options.alternates) env.GIT_ALTERNATE_OBJECT_DIRECTORIES = options.alternates
  if (options.remote) env.TUTTI_GIT_ORIGIN = options.remote.origin
  if (options.author) {
    for (const role of ['AUTHOR', 'COMMITTER']) {
      env[`GIT_${role}_NAME`] = plainName(options.author.name)
      env[`GIT_${role}_EMAIL`] = plainName(options.author.email)
    }
  }
  return env
}

/** git refuses every protocol that is not in this list, whatever a configuration says (git(1), GIT_ALLOW_PROTOCOL). */
function protocolsOf({ remote }: GitCommandOptions): string {
  if (!remote) return 'none'
  return remote.allowLocal ? 'https:http:file' : 'https:http'
}

/** git drops these characters itself, but it stops when nothing is left. */
function plainName(text: string): string {
  return text.replace(/[\p{Cc}<>]/gu, '').trim() || 'unknown'
}
