/**
 * All of git that Tutti uses: each subcommand with the options it may get. What is not here cannot be run. So a name
 * that got through as an option, or a new call written in a hurry, is stopped before a process starts.
 */

/** An option that ends with `=` has its value in the same argument. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  '--version': [],
  'cat-file': ['--batch', '--batch-check', '--batch-check='],
  'check-attr': ['--cached', '-z', '--stdin'],
  clone: ['-q', '--shared', '--single-branch', '--no-tags', '--template=', '--branch='],
  'commit-tree': ['-p', '-F', '-'],
  'diff-tree': [
    '-r',
    '-z',
    '-M',
    '-m',
    '-p',
    '--root',
    '--raw',
    '--numstat',
    '--stdin',
    '--no-ext-diff',
    '--no-textconv',
    '--no-color',
    '--full-index',
    '--no-commit-id',
    '--no-renames',
  ],
  fetch: [
    '-q',
    '--prune',
    '--refetch',
    '--no-tags',
    '--no-recurse-submodules',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--no-show-forced-updates',
  ],
  'for-each-ref': ['--format=', '--sort='],
  fsck: ['--connectivity-only', '--no-dangling', '--no-progress'],
  'index-pack': ['--stdin', '--strict', '--fix-thin'],
  log: ['-z', '--format=', '--max-count=', '--no-show-signature', '--no-color', '--no-mailmap'],
  'ls-files': ['-z', '-m', '-d', '-o', '-i', '--directory', '--exclude-per-directory='],
  'ls-remote': ['-q', '--heads', '--symref'],
  'ls-tree': ['-r', '-z', '--name-only', '--full-tree'],
  'merge-base': ['--is-ancestor'],
  'merge-tree': ['--write-tree', '-z', '--name-only', '--no-messages', '--stdin'],
  'pack-objects': ['--revs', '--stdout', '-q', '--thin'],
  push: ['--porcelain', '--no-verify', '--no-recurse-submodules', '--no-signed', '--force-with-lease='],
  'read-tree': ['-m', '-u'],
  repack: ['-q', '-d', '--geometric='],
  'rev-list': ['--stdin', '--ignore-missing', '--max-count='],
  'rev-parse': ['--verify', '-q'],
  'update-index': ['-q', '-z', '--add', '--replace', '--remove', '--force-remove', '--refresh', '--stdin'],
  'update-ref': ['--no-deref', '-d', '-m'],
  worktree: ['-q', '--no-track', '--detach', '-b'],
  'write-tree': [],
}

/** Arguments that end the options: nothing after them can be one. */
const ends = new Set(['--', '--end-of-options'])

/**
 * Checks one call against the list.
 * @param args subcommand first, then its options and operands
 * @throws {TypeError} for a subcommand or an option that is not on the list, or a NUL in any argument.
 */
export function checkArguments(args: readonly string[]): void {
  const [command = '', ...rest] = args
  const options = Object.hasOwn(allowed, command) ? allowed[command] : undefined
  if (!options) throw new TypeError(`git ${command}: not on the list of commands`)
  let open = true
  for (const argument of rest) {
    if (argument.includes('\0')) throw new TypeError(`git ${command}: an argument contains NUL`)
    if (ends.has(argument)) open = false
    if (!open || !argument.startsWith('-')) continue
    if (!options.some((option) => (option.endsWith('=') ? argument.startsWith(option) : argument === option))) {
      throw new TypeError(`git ${command}: an option that is not on the list: ${JSON.stringify(argument.slice(0, 60))}`)
    }
  }
}
