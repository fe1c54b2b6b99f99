/**
 * The memory of the crew. Five calls record what a member has learned; what an agent says is cleaned, bounded, redacted
 * and marked as unconfirmed. Only what gates or people confirm is taught as fact.
 */

import type { Tx } from '../db/connect.ts'
import { boundMemories, type MemoryRow, saveMemory } from '../db/memories.ts'
import { domainOf, type MemoryKind } from '../domain/crew.ts'
import { memoryDigest, memoryLength } from '../domain/memory.ts'
import { boundedText } from '../lib/sanitise-text.ts'

/** Memories that one repository keeps: a person can still read them all. */
export const mostMemories = 400

/** Whose memory it is, and who vouches for it. */
export interface Rememberer {
  repositoryId: number
  /** The member of the crew; null for what belongs to everybody. */
  memberId: number | null
  source: MemoryRow['source']
  /** The login of the person, or the gate. */
  confirmedBy?: string
  /** The issue that it was learned from. */
  issueNumber?: number
  redact(text: string): string
}

/** What a call answers: the row and whether it is new; undefined for a text without a word in it. */
type Remembered = (MemoryRow & { isNew: boolean }) | undefined

/** The memory of one member, or of the whole crew. */
export function memoryFor(tx: Tx, whose: Rememberer) {
  return {
    /** What it has learned. @param fromMistake whether it had to be learned the hard way. */
    recordInsight: (text: string, { fromMistake = false } = {}) =>
      remember(tx, whose, { kind: 'insight', text, fromMistake }),
    /** How the project is. @param about the topic. */
    noteContext: (text: string, about = '') => remember(tx, whose, { kind: 'context', text, about }),
    /** How an agent or a person works. @param name the member of the crew, or the person. */
    rememberRelationship: (name: string, text: string) =>
      remember(tx, whose, { kind: 'relationship', text, about: name }),
    /** What works best. */
    discoverPreference: (text: string, about = '') => remember(tx, whose, { kind: 'preference', text, about }),
    /** Its thoughts at the end. */
    reflect: (text: string) => remember(tx, whose, { kind: 'reflection', text }),
  }
}

async function remember(
  tx: Tx,
  whose: Rememberer,
  given: { kind: MemoryKind; text: string; about?: string; fromMistake?: boolean },
): Promise<Remembered> {
  const clean = (value: string, max: number) => boundedText(whose.redact(value).trim(), max)
  const [text, about] = [clean(given.text, memoryLength), clean(given.about ?? '', 80)]
  if (!/[\p{L}\p{N}]/u.test(text)) return undefined
  const { repositoryId, memberId, source, confirmedBy = null, issueNumber = null } = whose
  const row = await saveMemory(tx, {
    ...{ repositoryId, memberId, source, confirmedBy, issueNumber, text, about },
    kind: given.kind,
    fromMistake: given.fromMistake ?? false,
    domain: domainOf(`${about} ${text}`),
    digest: memoryDigest(given.kind, about, text),
  })
  if (row.isNew) await boundMemories(tx, repositoryId, mostMemories)
  return row
}
