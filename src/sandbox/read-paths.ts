/** What every program in a sandbox may read: the system's programs and libraries, and the tool chains that PATH names. */

import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join, sep } from 'node:path'

/** Links in most distributions of today, folders in older ones. */
const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store', '/gnu/store']

/** Of /etc, what programs need to start, to check certificates, and to name users and hosts. No credential is kept there. */
const systemFiles = [
  ...['ssl', 'pki', 'ca-certificates', 'alternatives', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'nsswitch.conf'],
  ...['localtime', 'timezone', 'passwd', 'group', 'protocols', 'services', 'mime.types', 'host.conf', 'gai.conf'],
  ...['os-release', 'debian_version', 'terminfo', 'inputrc', 'bash.bashrc', 'fonts', 'perl', 'python3', 'maven'],
  ...['java-11-openjdk', 'java-17-openjdk', 'java-21-openjdk', 'gradle', 'php'],
].map((name) => join('/etc', name))

/** `bwrap` arguments that show the system read-only. */
export function systemMounts(): string[] {
  const folders = systemFolders.flatMap((path) => {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (!found) return []
    return found.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
  })
  return [...folders, ...systemFiles.filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', path, path])]
}

const usualHomes = [
  '/',
  '/root',
  '/home',
  '/etc',
  '/var',
  '/opt',
  '/tmp',
  '/run',
  '/srv',
  '/mnt',
  '/sys',
  '/proc',
  '/dev',
]

/** Whether a folder holds much more than programs, so that it must not be shown as a whole. */
export function isTooWide(path: string, kept: readonly string[]): boolean {
  if (usualHomes.includes(path) || dirname(path) === '/home') return true
  return [homedir(), ...kept].some((one) => one === path || one.startsWith(path.endsWith(sep) ? path : path + sep))
}

/**
 * The folders that a program needs to run.
 * @param file absolute.
 * @param kept paths that hold what no program in a sandbox may read.
 * @returns paths, all existing: where the program is, or for a package of npm all packages beside it.
 */
export function programPaths(file: string, kept: readonly string[]): string[] {
  const real = existsSync(file) ? realpathSync(file) : file
  return [file, real].flatMap((path) => {
    const packages = path.indexOf('/node_modules/')
    if (packages !== -1) return [path.slice(0, packages + '/node_modules'.length)]
    const folder = dirname(path)
    return isTooWide(folder, kept) ? [path] : [folder]
  })
}

/** The folders of PATH, and the packages whose programs are linked there; and the Node that runs this process. */
export function toolChainPaths(path: string | undefined, kept: readonly string[]): string[] {
  const node = programPaths(process.execPath, kept)
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  const folders = (path ?? '').split(delimiter).filter((folder) => isAbsolute(folder) && existsSync(folder))
  const found = folders.map((folder) => (folder.endsWith('/node_modules/.bin') ? dirname(folder) : folder))
  const all = [...node, ...(existsSync(join(prefix, 'lib', 'node_modules')) ? [prefix] : []), ...found]
  return all.filter((one) => !isTooWide(one, kept))
}
