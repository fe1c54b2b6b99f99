/**
 * Scripts that run when dependencies are installed: those in `package.json`, and those of packages in a lock file. The
 * lock files of yarn and pnpm do not say which packages have some.
 */

import { scriptsChanged, scriptsNotCompared } from '../../messages/gates.ts'
import type { GateChange, GateContext } from '../gate.ts'

/** What npm, pnpm and yarn run on an install (docs.npmjs.com/cli/using-npm/scripts, "Life Cycle Operation Order"). */
const lifecycle = [
  ...['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare', 'dependencies'],
]

/** Scripts by the name of the script or of its package. */
type Scripts = Map<string, string>

const readers: Record<string, (text: string) => Scripts> = {
  'package.json': ownScripts,
  'package-lock.json': packagesWithScripts,
  'npm-shrinkwrap.json': packagesWithScripts,
}

/**
 * The scripts that a change adds or alters, one line for each file. A file that cannot be read or compared is named too:
 * it counts as dangerous.
 */
export async function installScripts(context: GateContext): Promise<string[]> {
  const found: string[] = []
  for (const change of context.changes) {
    const read = readers[change.path.split('/').at(-1) ?? '']
    if (!read || change.status === 'D') continue
    const added = await compare(context, change, read)
    const path = `\`${change.path.replace(/[`\p{Cc}]/gu, '?')}\``
    if (added === undefined) found.push(scriptsNotCompared(path))
    else if (added.length > 0) found.push(scriptsChanged(path, firstNames(added)))
  }
  return found
}

/** The names that are new or different; undefined when they cannot be compared. */
async function compare(
  context: GateContext,
  change: GateChange,
  read: (text: string) => Scripts,
): Promise<string[] | undefined> {
  const { base, head } = context
  if (!context.readFile) return undefined
  try {
    const before = await context.readFile(base, change.oldPath ?? change.path)
    const after = await context.readFile(head, change.path)
    if (after === undefined) return undefined
    const known = before === undefined ? new Map<string, string>() : read(before)
    return [...read(after)].filter(([name, script]) => known.get(name) !== script).map(([name]) => name)
  } catch {
    return undefined
  }
}

function ownScripts(text: string): Scripts {
  const scripts = member(JSON.parse(text), 'scripts')
  return new Map(
    lifecycle.flatMap((name) => {
      const script = member(scripts, name)
      return script === undefined ? [] : [[name, String(script)] as const]
    }),
  )
}

/** Another version of such a package is another script. */
function packagesWithScripts(text: string): Scripts {
  const packages = member(JSON.parse(text), 'packages') ?? {}
  if (typeof packages !== 'object') throw new TypeError('a lock file without packages')
  return new Map(
    Object.entries(packages ?? {}).flatMap(([path, entry]: [string, unknown]) =>
      member(entry, 'hasInstallScript') === true
        ? [[path.replace(/^.*node_modules\//, '') || 'this package', String(member(entry, 'version'))] as const]
        : [],
    ),
  )
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}

function firstNames(names: readonly string[]): string {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : ''
  return (
    names
      .slice(0, 5)
      .map((name) => name.replace(/[`\p{Cc}]/gu, '?'))
      .join(', ') + more
  )
}
