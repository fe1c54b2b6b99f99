/**
 * The file of a role: YAML with what a run of this role may do, and below it what its agent is told. The text before the first
 * heading opens the prompt; a text under `# Heading` is used where the heading says. `{{name}}` is a gap that a run fills in.
 */

import { z } from 'zod'
import { didYouMean } from '../lib/did-you-mean.ts'
import { type FileProblems, readFrontMatter } from './front-matter.ts'

/** What the file of a role must have, since runs use it. */
export interface RoleShape {
  /** The tools that agents of this role can be given. */
  tools: readonly string[]
  /** The gaps of each text, by its heading; `opening` is the text before the first one. */
  texts: Readonly<Record<string, readonly string[]>>
}

export interface RoleFile {
  /** `edit`: everything inside its folder. */
  permissions: 'read-only' | 'edit'
  /** The tools that it hands its work in with. */
  tools: readonly string[]
  /** By heading. */
  texts: Readonly<Record<string, string>>
}

/** What fills a gap: a text, or one for each line. */
export type Filling = string | number | readonly string[]

const gap = /\{\{(.*?)\}\}/g

/** Reads the text of a role's file, or says what is wrong with it. */
export function readRoleFile(text: string, shape: RoleShape): RoleFile | FileProblems {
  const read = readFrontMatter(text.replaceAll('\r\n', '\n'), keysOf(shape))
  if ('problems' in read) return read
  const parts = read.body.split(/^# (.+)$/m)
  const found = ['opening', ...parts.flatMap((part, at) => (at % 2 === 1 ? [part.trim()] : []))]
  const texts = Object.fromEntries(found.map((heading, at) => [heading, (parts[at * 2] ?? '').trim()]))
  const problems = [...headingProblems(found, shape), ...gapProblems(texts, shape)]
  return problems.length > 0 ? { problems } : { ...read.keys, texts }
}

function keysOf({ tools }: RoleShape) {
  const known = tools.length > 0 ? tools.join(', ') : 'none'
  const tool = z.string().refine((name) => tools.includes(name), `there is no such tool for this role; known: ${known}`)
  const some = tools.length > 0 ? z.array(tool).min(1, `must name at least one of ${known}`) : z.array(tool).default([])
  return z.strictObject({ permissions: z.enum(['read-only', 'edit']), tools: some })
}

function headingProblems(found: readonly string[], { texts }: RoleShape): string[] {
  const needed = Object.keys(texts)
  const missing = needed.filter((heading) => !found.includes(heading)).map((heading) => `\`# ${heading}\` is missing`)
  const others = found.flatMap((heading, at) => {
    if (found.indexOf(heading) !== at) return [`\`# ${heading}\` is there twice`]
    if (needed.includes(heading)) return []
    const meant = didYouMean(heading, needed)
    return [`\`# ${heading}\` is used nowhere${meant ? `; did you mean \`# ${meant}\`?` : ''}`]
  })
  return [...missing, ...others]
}

/** Each gap must be there: without the rule of the fence, or the number of the attempt, a run would go wrong unseen. */
function gapProblems(texts: Readonly<Record<string, string>>, shape: RoleShape): string[] {
  return Object.entries(shape.texts).flatMap(([heading, needed]) => {
    const text = texts[heading]
    if (text === undefined) return []
    const where = heading === 'opening' ? 'the text before the first heading' : `\`# ${heading}\``
    const found = gapsIn(text)
    const missing = needed.filter((name) => !found.includes(name)).map((name) => `${where} lacks \`{{${name}}}\``)
    const unknown = found.filter((name) => !needed.includes(name))
    return [...missing, ...unknown.map((name) => `nothing fills \`{{${name}}}\` in ${where}`)]
  })
}

function gapsIn(text: string): string[] {
  return [...text.matchAll(gap)].map(([, name = '']) => name.trim())
}

/**
 * Fills the gaps of a text. A line with a gap that there is nothing for is left out; one with a list comes once for each entry.
 * What is filled in is taken as it is: no gap is looked for in it.
 */
export function fillGaps(text: string, values: Readonly<Record<string, Filling>>): string {
  const lines = text.split('\n').flatMap((line) => {
    const fillings = gapsIn(line).map((name) => values[name] ?? '')
    if (fillings.some((filling) => filling === '' || (typeof filling === 'object' && filling.length === 0))) return []
    const list = fillings.find((filling) => typeof filling === 'object')
    return (list ?? ['']).map((entry) =>
      line.replace(gap, (_, name: string) => {
        const filling = values[name.trim()]
        return typeof filling === 'object' ? entry : String(filling)
      }),
    )
  })
  return lines.join('\n')
}
