/** The documents that hold generated parts, and how such a part gets into a file that people write. */

import { readdir, readFile } from 'node:fs/promises'
import { dotEnvExample } from './environment.ts'
import { sections } from './sections.ts'

export interface GeneratedDocument {
  /** Relative to the root of the repository. */
  path: string
  /** The whole file as it should be. */
  text: string
}

/** A part stands between these two lines; what is around them is written by people. */
const part = /(<!-- generated: ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g

/**
 * Finds the documents whose generated parts are not what the code says. Reads from the current directory, which must be
 * the root of the repository.
 * @returns each of them as it should be; none when all are up to date.
 * @throws {Error} when a document names a part that does not exist, or no document has a part that does.
 */
export async function staleDocuments(): Promise<GeneratedDocument[]> {
  const inDocs = (await readdir('docs', { recursive: true })).filter((name) => name.endsWith('.md'))
  const parts = await sections()
  const used = new Set<string>()
  const stale: GeneratedDocument[] = []
  for (const path of ['README.md', ...inDocs.map((name) => `docs/${name}`).toSorted()]) {
    const now = await readFile(path, 'utf8')
    const text = now.replace(part, (_, start: string, name: string, end: string) => {
      const content = parts.get(name)
      if (content === undefined) throw new Error(`${path}: there is no generated part called "${name}"`)
      used.add(name)
      return `${start}\n${content}\n\n${end}`
    })
    if (text !== now) stale.push({ path, text })
  }
  const unused = [...parts.keys()].filter((name) => !used.has(name))
  if (unused.length > 0) throw new Error(`no document has a place for: ${unused.join(', ')}`)
  const example = { path: '.env.example', text: dotEnvExample() }
  const known = await readFile(example.path, 'utf8').catch(() => '')
  return known === example.text ? stale : [...stale, example]
}
