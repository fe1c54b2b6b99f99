/** Which test files need a database: read from their imports, so that none is listed by hand. */

import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const relativeImport = /(?:from|import\()\s*'(?<path>\.{1,2}\/[^']+\.ts)'/g

/**
 * The test files that import a module, also through other files of `test/`.
 * @param patterns globs of test files, from the working directory.
 * @param module its path from there.
 */
export function testsThatImport(patterns: readonly string[], module: string): string[] {
  const reaches = new Map<string, boolean>([[module, true]])
  function reach(file: string): boolean {
    const known = reaches.get(file)
    if (known !== undefined) return known
    // Until it is known, so that a circle ends.
    reaches.set(file, false)
    const imports = [...readFileSync(file, 'utf8').matchAll(relativeImport)]
    const paths = imports.map(({ groups }) => join(dirname(file), groups?.path ?? ''))
    const found = paths.some((path) => path.startsWith('test/') && reach(path))
    reaches.set(file, found)
    return found
  }
  return globSync(patterns).filter(reach).toSorted()
}
