/**
 * The whole of git that Tutti uses: each subcommand with the options it may get. What is not here cannot be run, so a
 * name that slipped through as an option, or a new call written in a hurry, is stopped before a process starts.
 */

/** Options ending in `=` take a value in the same word. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  '--version': [],
  'cat-file': ['--batch', '--batch-check', '--batch-check='],
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
  'ls-files': ['-z', '-m', '-d', '-o', '--exclude-standard'],
  'ls-remote': ['-q', '--heads'],
  'ls-tree': ['-r', '-z', '--name-only', '--full-tree'],
  'merge-base': ['--is-ancestor'],
  'merge-tree': ['--write-tree', '-z', '--name-only', '--no-messages'],
  'pack-objects': ['--revs', '--stdout', '-q', '--thin'],
  push: ['--porcelain', '--no-verify', '--no-recurse-submodules', '--no-signed', '--force-with-lease='],
  'read-tree': ['-m', '-u'],
  'rev-list': ['--not', '--remotes=origin', '--max-count='],
  'rev-parse': ['--verify', '-q'],
  'update-index': ['-q', '-z', '--add', '--replace', '--remove', '--force-remove', '--refresh', '--stdin'],
  'update-ref': ['--no-deref', '-d', '-m'],
  worktree: ['-q', '--no-track', '--detach', '-b'],
  'write-tree': [],
}

/** Words that end the options: nothing after them can be one. */
const ends = new Set(['--', '--end-of-options'])

/**
 * Checks one call against the list.
 * @param args subcommand first, then its options and operands
 * @throws {TypeError} for a subcommand or an option that is not on the list, or a NUL in any word.
 */
export function checkArguments(args: readonly string[]): void {
  const [command = '', ...rest] = args
  const options = Object.hasOwn(allowed, command) ? allowed[command] : undefined
  if (!options) throw new TypeError(`git ${command}: not on the list of commands`)
  let open = true
  for (const word of rest) {
    if (word.includes('\0')) throw new TypeError(`git ${command}: an argument contains NUL`)
    if (ends.has(word)) open = false
    if (!open || !word.startsWith('-')) continue
    if (!options.some((option) => (option.endsWith('=') ? word.startsWith(option) : word === option))) {
      throw new TypeError(`git ${command}: an option that is not on the list: ${JSON.stringify(word.slice(0, 60))}`)
    }
  }
}
