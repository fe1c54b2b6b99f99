import { matchesGlob } from 'node:path'
import { type AddedLines, addedLines } from '../domain/patch.ts'
import { UserError } from '../lib/errors.ts'
import { findSecrets } from '../lib/find-secrets.ts'
import * as messages from '../messages/gates.ts'
import type { Gate, GateContext, GateJudgement } from './gate.ts'

/**
 * What a commit adds must hold no secret: neither one that Tutti knows, in any encoding, nor what looks like one. The log
 * names file and line, never the value. Of binary files the readable parts are searched.
 */
export const gate: Gate = { id: 'secrets', title: 'No secrets', looksAt: 'facts', judge }

/** A larger patch is not searched, and so does not pass: it must not fill the memory. */
const largestPatch = 32 * 2 ** 20
const mostNamed = 50
/** Readable characters in a row that count as text in a binary file. A shorter secret is none that people rely on. */
const readable = /[\x20-\x7e]{8,}/g
/** The same in UTF-16, which editors on Windows write and git takes for binary. */
const wideReadable = /(?:[\x20-\x7e]\0){8,}/g

interface Hit {
  place: string
  what: string
}

async function judge(context: GateContext): Promise<GateJudgement> {
  if (!context.patch) return { verdict: 'skip', summary: messages.noPatch }
  const { text, truncated } = await context.patch(largestPatch)
  const hits: Hit[] = []
  for (const file of addedLines(text)) {
    hits.push(...(await hitsIn(file, context)))
    if (hits.length > mostNamed) break
  }
  const unread: string[] = []
  for (const { path } of context.changes.filter(({ binary, status }) => binary && status !== 'D')) {
    const inFile = await hitsInBinary(path, context)
    if (inFile === 'too large') unread.push(path)
    else hits.push(...inFile)
  }
  for (const [index, message] of (await context.commitMessages?.())?.entries() ?? []) {
    const said = { path: `commit message ${index + 1}`, text: message, numbers: [] }
    hits.push(...(await hitsIn(said, context)))
  }
  if (hits.length > 0) return found(hits)
  if (truncated) {
    const summary = messages.patchTooLarge(largestPatch / 2 ** 20)
    return { verdict: 'fail', summary, signature: 'the patch is too large to be searched' }
  }
  if (unread.length > 0) {
    const signature = `secrets: not searched: ${unread.join(', ')}`
    return { verdict: 'fail', summary: messages.binaryTooLarge(unread), log: unread.join('\n'), signature }
  }
  return { verdict: 'pass', summary: messages.noSecret }
}

function found(hits: readonly Hit[]): GateJudgement {
  const named = hits.slice(0, mostNamed)
  return {
    verdict: 'fail',
    summary: messages.secretsFound(hits.length, named[0]?.place ?? ''),
    log: named.map(({ place, what }) => `${place}: ${what}`).join('\n'),
    signature: `secrets: ${[...new Set(named.map(({ place, what }) => `${place.replace(/:\d+$/, '')} ${what}`))].join(', ')}`,
  }
}

/** Git shows no lines of a binary file, and whoever clones has all of it. */
async function hitsInBinary(path: string, context: GateContext): Promise<Hit[] | 'too large'> {
  let content: string | undefined
  try {
    content = await context.readFile?.(context.head, path)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return context.settings.gates.allowSecrets.some((pattern) => matchesGlob(path, pattern)) ? [] : 'too large'
  }
  if (content === undefined) return []
  const wide = (content.match(wideReadable) ?? []).map((run) => run.replaceAll('\0', ''))
  const text = [...(content.match(readable) ?? []), ...wide].join('\n')
  const hits = await hitsIn({ path, text, numbers: [] }, context)
  return [...new Set(hits.map(({ what }) => what))].map((what) => ({ place: path, what }))
}

async function hitsIn({ path, text, numbers }: AddedLines, context: GateContext): Promise<Hit[]> {
  const place = (line: number) => `${path}:${numbers[line - 1] ?? line}`
  const known = context.knownSecrets?.(text) ?? []
  const hits = known.map((line) => ({ place: place(line), what: messages.knownSecret }))
  if (context.settings.gates.allowSecrets.some((pattern) => matchesGlob(path, pattern))) return hits
  const alike = (await findSecrets(text)).filter(({ line }) => !known.includes(line))
  return [...hits, ...alike.map(({ line, what }) => ({ place: place(line), what: messages.looksLikeSecret(what) }))]
}
