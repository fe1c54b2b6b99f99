/** The arguments of `bwrap` for one program: a pure list, apart from asking what exists. */

import { existsSync, lstatSync, realpathSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { SandboxPlaces } from './launch.ts'
import { coveredByFolder, foldersAbove, isPlant } from './planted-files.ts'
import { systemMounts } from './read-paths.ts'
import type { SharedFiles } from './shared-files.ts'

/** Of shared memory in /dev/shm, which counts as memory. */
const sharedMemoryBytes = 256 * 2 ** 20

/**
 * A sandbox: namespaces of its own (user, process ids, network, mounts, IPC, host name, cgroup), no capability, no new
 * user namespace, an empty root that cannot be written to, and on it what the places say.
 *
 * The order counts: a later mount hides what an earlier one shows at the same path.
 * @param options.hidden what no program may see, also where it is inside of a folder that is read.
 * @param options.files what all sandboxes share.
 */
export function boxArguments(
  places: SandboxPlaces,
  options: { toolChains: readonly string[]; hidden: readonly string[]; files: SharedFiles },
): string[] {
  const { cwd, home, writable, readable, neverCreate } = places
  const early = existing(withoutCovered(options.toolChains))
  const hidden = hiddenInside(options.hidden, ['/usr', ...early])
  return [
    ...['--unshare-user', '--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
    ...['--hostname', 'sandbox', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--disable-userns'],
    ...systemMounts(),
    ...['--ro-bind', options.files.hosts, '/etc/hosts'],
    ...['--proc', '/proc', '--dev', '/dev', '--size', String(sharedMemoryBytes), '--tmpfs', '/dev/shm'],
    // Files of /proc/sys belong to user 0, which is the user of the sandbox where Tutti runs as root: no capability is asked for.
    ...['--remount-ro', '/proc', '--remount-ro', '/dev', '--bind', join(home, 'tmp'), '/tmp'],
    ...early.flatMap((path) => ['--ro-bind', path, path]),
    ...hidden.flatMap((path) => (isFolder(path) ? ['--tmpfs', path] : ['--ro-bind', '/dev/null', path])),
    ...[...new Set([home, ...writable])].flatMap((path) => ['--bind', path, path]),
    ...existing(readable).flatMap((path) => ['--ro-bind', path, path]),
    // A folder that is a mount itself cannot be moved away with the covers in it.
    ...foldersAbove(cwd, neverCreate).flatMap((path) => ['--bind', path, path]),
    ...neverCreate.flatMap((path) => ['--ro-bind', coverOf(path, options.files), path]),
    ...hidden.filter(isFolder).flatMap((path) => ['--remount-ro', path]),
    ...['--remount-ro', '/', '--chdir', cwd],
  ]
}

/** What lies over a path that must stay as it is: itself, or something empty that its readers understand. */
function coverOf(path: string, { emptyFile, emptyJson, emptyFolder }: SharedFiles): string {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found && !isPlant(path)) return path
  if (coveredByFolder(path)) return emptyFolder
  return path.endsWith('.json') ? emptyJson : emptyFile
}

function existing(paths: readonly string[]): string[] {
  const found = [...new Set(paths)].filter((path) => existsSync(path))
  // A link is shown as what it leads to, at both paths.
  return found.flatMap((path) => (lstatSync(path).isSymbolicLink() ? [realpathSync(path), path] : [path]))
}

/** Without what the system's folders, or another path of the list, already show. */
function withoutCovered(paths: readonly string[]): string[] {
  const all = ['/usr', '/bin', '/sbin', '/lib', '/lib64', ...paths]
  return paths.filter((path) => !all.some((other) => path.startsWith(other + sep)) && !all.slice(0, 5).includes(path))
}

function hiddenInside(hidden: readonly string[], shown: readonly string[]): string[] {
  const inside = (path: string) => shown.some((folder) => path === folder || path.startsWith(folder + sep))
  return hidden.filter((path) => existsSync(path) && inside(path))
}

const isFolder = (path: string) => lstatSync(path).isDirectory()
