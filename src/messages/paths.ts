/** Paths in a sentence. */

/** So many are named. */
const named = 10

/** The first paths by name, and how many more there are. */
export function namedPaths(paths: readonly string[]): string {
  const more = paths.length > named ? ` and ${paths.length - named} more` : ''
  const first = paths.slice(0, named).map((path) => `\`${path.replace(/[`\p{Cc}]/gu, '?').slice(0, 200)}\``)
  return first.join(', ') + more
}
