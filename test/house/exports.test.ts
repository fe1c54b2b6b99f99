/** One exported name, one meaning: no two files of src/ export the same name. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ModuleItem, type Pattern, parseFile } from '@swc/core'
import { expect, test } from 'vitest'

/** Every plug-in is exported under the name of its kind; the loader finds it by that. */
const pluginExports = ['command', 'gate', 'agent', 'effect', 'webhook']

test('no name is exported by two files', async () => {
  const problems = [...(await filesByExport())]
    .filter(([, files]) => files.length > 1)
    .map(([name, files]) => `\`${name}\` is exported by ${files.join(' and ')}: rename one of them`)
  expect(problems).toEqual([])
})

/** The files of src/ by what they export, without the playground, which is a program of its own. */
async function filesByExport(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  for (const file of files.filter((path) => !path.startsWith('playground')).toSorted()) {
    const { body } = await parseFile(join('src', file), { syntax: 'typescript', target: 'es2024' })
    // A set: overload signatures are one function.
    for (const name of new Set(body.flatMap(exportsOf))) {
      if (!pluginExports.includes(name)) found.set(name, [...(found.get(name) ?? []), `src/${file}`])
    }
  }
  return found
}

function exportsOf(item: ModuleItem): string[] {
  if (item.type === 'ExportNamedDeclaration') {
    return item.specifiers.flatMap((one) => (one.type === 'ExportSpecifier' ? [(one.exported ?? one.orig).value] : []))
  }
  if (item.type !== 'ExportDeclaration') return []
  const { declaration } = item
  if (declaration.type === 'VariableDeclaration') return declaration.declarations.flatMap(({ id }) => namesIn(id))
  return [('identifier' in declaration ? declaration.identifier : declaration.id).value]
}

function namesIn(pattern: Pattern): string[] {
  if (pattern.type === 'Identifier') return [pattern.value]
  if (pattern.type === 'ArrayPattern') return pattern.elements.flatMap((one) => (one ? namesIn(one) : []))
  if (pattern.type !== 'ObjectPattern') return []
  return pattern.properties.flatMap((one) => {
    if (one.type === 'AssignmentPatternProperty') return [one.key.value]
    return one.type === 'KeyValuePatternProperty' ? namesIn(one.value) : []
  })
}
