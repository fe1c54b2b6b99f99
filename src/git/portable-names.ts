/**
 * Names that a checkout on another system cannot have, or not beside each other: twins that differ only in case, and names
 * that Windows refuses. Git takes them, and the next `git clone` on such a system fails or loses a file. Pure.
 */

import type { ChangedFile } from './changes.ts'
import type { Violation } from './import-policy.ts'

/** Device names, whatever follows a dot (learn.microsoft.com, "Naming Files, Paths, and Namespaces"). */
const device = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\..*)?$/i

/** Whether a change adds a path, so that `unportableNames` has something to judge. */
export function addsPath({ status }: Pick<ChangedFile, 'status'>): boolean {
  return status === 'A' || status === 'R'
}

/**
 * What is wrong with the paths that changes add to a tree. Names that were there before are left alone; where some of them
 * are none for Windows, further ones are no loss.
 * @param tree every path of the new tree
 */
export function unportableNames(changes: readonly ChangedFile[], tree: readonly string[]): Violation[] {
  const there = new Set(tree)
  // Of several commits, one may have taken back what another one added.
  const added = new Set(changes.filter((change) => addsPath(change) && there.has(change.path)).map(({ path }) => path))
  if (added.size === 0) return []
  const isPortable = tree.every((path) => added.has(path) || isWindowsName(path))
  const refused = isPortable ? [...added].filter((path) => !isWindowsName(path)) : []
  return [
    ...caseTwins(added, tree),
    ...refused.map((path) => ({ path, kind: 'path' as const, reason: 'has a name that Windows cannot check out' })),
  ]
}

function caseTwins(added: ReadonlySet<string>, tree: readonly string[]): Violation[] {
  const wanted = new Map<string, string>()
  for (const path of added) wanted.set(foldCase(path), path)
  const found = new Map<string, string>()
  for (const path of tree) {
    const folded = foldCase(path)
    const twin = wanted.get(folded)
    if (twin !== undefined && twin !== path) found.set(twin, path)
    // A file `A` takes the place of a folder `a`, whichever of the two is new.
    for (let end = folded.indexOf('/'); end !== -1; end = folded.indexOf('/', end + 1)) {
      const inPlace = wanted.get(folded.slice(0, end))
      if (inPlace !== undefined) found.set(inPlace, path.slice(0, end))
    }
  }
  const files = new Map(tree.map((path) => [foldCase(path), path]))
  for (const path of added)
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      const file = files.get(foldCase(path.slice(0, end)))
      if (file !== undefined) found.set(path, file)
    }
  return [...found].map(([path, other]) => ({
    path,
    kind: 'path' as const,
    reason: `differs from \`${other}\` only in case: where case does not count, one of the two is lost`,
  }))
}

/** The form in which macOS and Windows compare names: HFS+ and APFS also take composed and decomposed letters for one. */
function foldCase(path: string): string {
  return path.normalize('NFC').toLowerCase()
}

function isWindowsName(path: string): boolean {
  return path.split('/').every((part) => !/[<>:"|?*\\]|[. ]$/.test(part) && !device.test(part))
}
