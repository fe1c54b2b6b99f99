/** The reference of `.github/tutti.yml`, from its JSON Schema. */

import { settingsJsonSchema } from '../../src/config/settings.ts'
import { code, table } from './table.ts'

interface Node {
  type?: string
  enum?: readonly unknown[]
  anyOf?: readonly Node[]
  default?: unknown
  description?: string
  properties?: Record<string, Node>
  additionalProperties?: Node | false
  items?: Node
}

/**
 * What the schema itself does not describe. An entry that the schema has come to describe is refused, so that this
 * list only gets shorter.
 */
const notDescribed: Readonly<Record<string, string>> = {
  agents: 'Kinds of agent that are started in another way here, by id',
  'agents.<name>.model': "The model, in the agent's own spelling",
  'gates.commands': 'Command lines that judge every commit',
  'gates.maxFiles': 'Files that one pull request may change',
  'gates.maxLines': 'Lines that one pull request may add and delete, together',
  'merge.method': 'How GitHub merges',
  'merge.approvals': 'Approvals that a merge needs, by people with write access, of exactly the head commit',
  'branches.prefix': 'Put before the name of every branch that an agent works on',
}

/** One row for each setting that has a value of its own. */
export function settingsTable(): string {
  const found = rows(settingsJsonSchema() as Node, '')
  const unknown = Object.keys(notDescribed).filter((path) => !found.some((row) => row.path === path && !row.described))
  if (unknown.length > 0) throw new Error(`scripts/docs/settings.ts no longer needs to describe ${unknown.join(', ')}`)
  const bare = found.filter(({ text }) => text === '')
  if (bare.length > 0) throw new Error(`settings without a description: ${bare.map(({ path }) => path).join(', ')}`)
  return table(
    ['setting', 'value', 'default', 'what it is'],
    found.map(({ path, value, standard, text }) => [code(path), value, standard, `${text}.`]),
  )
}

interface Row {
  path: string
  value: string
  standard: string
  text: string
  described: boolean
}

function rows(node: Node, path: string): Row[] {
  const at = (name: string) => (path === '' ? name : `${path}.${name}`)
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const inner = childrenOf(child, at(name))
    // A group has no value of its own; a list or a map of groups does.
    return child.properties ? inner : [row(child, at(name)), ...inner]
  })
}

function childrenOf(node: Node, path: string): Row[] {
  if (node.properties) return rows(node, path)
  if (node.additionalProperties) return rows(node.additionalProperties, `${path}.<name>`)
  return node.items?.properties ? rows(node.items, `${path}[]`) : []
}

function row(node: Node, path: string): Row {
  const text = node.description ?? notDescribed[path] ?? ''
  return { path, value: shapeOf(node), standard: defaultOf(node), text, described: node.description !== undefined }
}

function shapeOf(node: Node): string {
  if (node.enum) return node.enum.map((value) => code(String(value))).join(', ')
  if (node.anyOf) return [...new Set(node.anyOf.map(shapeOf))].join(' or ')
  if (node.items)
    return `list of ${node.items.enum ? `${shapeOf(node.items)}` : node.items.properties ? 'groups' : 'texts'}`
  if (node.properties) return 'a group'
  if (node.additionalProperties) return 'groups by name'
  return { string: 'text', boolean: '`true`, `false`' }[node.type ?? ''] ?? node.type ?? ''
}

function defaultOf({ default: value }: Node): string {
  if (value === undefined || value === '') return '–'
  return code(typeof value === 'string' ? value : JSON.stringify(value))
}
