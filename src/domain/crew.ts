/** Who is in the crew: roles, their pools of names, what is remembered, and about which domain a text is. */

import type { RunPurpose } from './run-purpose.ts'

/** The roles of the crew. The orchestrator is Tutti itself; the others are agents. */
export const crewRoles = ['orchestrator', 'planner', 'architect', 'builder', 'reviewer', 'verifier'] as const
export type CrewRole = (typeof crewRoles)[number]

/** The names of each role, in the order in which they are given. */
export const namePools: Readonly<Record<CrewRole, readonly string[]>> = {
  orchestrator: ['Conductor', 'Maestro', 'Director', 'Coordinator', 'Synergy'],
  planner: ['Iris', 'Juno', 'Sage', 'Orion', 'Minerva', 'Pilot', 'Compass', 'Delphi'],
  architect: ['Vitruvia', 'Keystone', 'Daedalus', 'Palladia', 'Trellis', 'Imhotep', 'Gaudi', 'Basilica'],
  builder: ['Aria', 'Atlas', 'Aurora', 'Forge', 'Nova', 'Ember', 'Mason', 'Wren', 'Flint', 'Luna', 'Cedar', 'Rowan'],
  reviewer: ['Argus', 'Vera', 'Quill', 'Lynx', 'Portia', 'Judge', 'Prism', 'Heron'],
  verifier: ['Proof', 'Gauge', 'Tessa', 'Anchor', 'Plumb', 'Echo', 'Axiom', 'Sterling'],
}

/** The role of an agent, by the purpose of its run. */
export function roleOfPurpose(purpose: RunPurpose): CrewRole {
  if (purpose === 'build') return 'builder'
  if (purpose === 'review') return 'reviewer'
  return purpose === 'plan' ? 'planner' : 'architect'
}

/**
 * The next free name of a role: a preferred one that is free, then the pool, then the pool with numbers (`Aria 2`).
 * @param taken the names of the whole crew, in any case.
 */
export function chooseName(role: CrewRole, taken: readonly string[], preferred: readonly string[] = []): string {
  const used = new Set(taken.map((name) => name.toLowerCase()))
  const pool = [...preferred, ...namePools[role]]
  for (let round = 1; ; round++) {
    const name = pool.map((one) => (round === 1 ? one : `${one} ${round}`)).find((one) => !used.has(one.toLowerCase()))
    if (name) return name
  }
}

/** What can be remembered: what was learned, how the project is, how others are, what works best, a reflection. */
export const memoryKinds = ['insight', 'context', 'relationship', 'preference', 'reflection'] as const
export type MemoryKind = (typeof memoryKinds)[number]

/** What a memory is about. `general` is the rest. */
export const memoryDomains = [
  'security',
  'database',
  'tests',
  'frontend',
  'backend',
  'build',
  'docs',
  'general',
] as const
export type MemoryDomain = (typeof memoryDomains)[number]

/** The first that fits counts: a leaked token in a test is about security first. */
const domainWords: readonly (readonly [MemoryDomain, RegExp])[] = [
  [
    'security',
    /\b(?:secur\w*|auth\w*|permission\w*|secrets?|tokens?|passwords?|login|csrf|xss|injection|encrypt\w*)\b/gi,
  ],
  ['database', /\b(?:databases?|sql|postgres\w*|migrations?|schemas?|quer(?:y|ies)|transactions?|index(?:es)?)\b/gi],
  ['tests', /\b(?:tests?|testing|spec|vitest|jest|pytest|fixtures?|mocks?|assert\w*|coverage|flaky)\b/gi],
  ['frontend', /\b(?:frontend|css|html|react|vue|svelte|components?|buttons?|pages?|layout|browser|dom)\b/gi],
  [
    'build',
    /\b(?:build|compile[rd]?|bundl\w*|webpack|docker\w*|ci|workflows?|lint\w*|tsc|makefile|dependenc\w*|npm|cargo)\b/gi,
  ],
  ['docs', /\b(?:docs?|documentation|readme|changelog|comments?|markdown)\b/gi],
  ['backend', /\b(?:backend|api|server|endpoints?|routes?|handlers?|services?|http|rest|graphql|queue|worker)\b/gi],
]

/** The domain that a text is mostly about, by its words and the paths in it. */
export function domainOf(text: string): MemoryDomain {
  const counted = domainWords.map(([domain, words]) => ({ domain, count: text.match(words)?.length ?? 0 }))
  const best = counted.reduce((most, one) => (one.count > most.count ? one : most))
  return best.count > 0 ? best.domain : 'general'
}

/** What one member has finished, for the choice of who takes a run. */
export interface Experience {
  memberId: number
  name: string
  /** Whether it is at work now. */
  busy: boolean
  /** Issues whose result of its passed the gates, in the module of the run ... */
  here: readonly number[]
  /** ... and in all modules. */
  all: number
  /** It made the last attempt on this item. */
  last: boolean
  /** It has tried this item. */
  tried: boolean
}

/** Who takes a run, and why. */
export interface Assignment {
  memberId: number
  because: 'asked' | 'goes on' | 'experience' | 'free'
  /** Issues of the module that it has finished, the newest last. */
  here: readonly number[]
}

/** What people and the retry policy want for a run. */
export interface MemberWishes {
  /** Another member than those who have tried the item. */
  fresh: boolean
  /** The member that a person has asked for; it counts more than that. */
  asked?: number | null
  /** Members that people have asked for on other items. */
  reserved?: ReadonlySet<number>
}

/**
 * Chooses a free member for a run: the one that a person has asked for; the one that made the last attempt on the item,
 * unless a fresh agent is wanted; then the one that has finished most in the module, then most anywhere.
 * @returns undefined when none is free: a new member joins.
 */
export function chooseMember(
  crew: readonly Experience[],
  { fresh, asked, reserved }: MemberWishes,
): Assignment | undefined {
  const idle = crew.filter((one) => !one.busy)
  const wanted = idle.find((one) => one.memberId === asked)
  if (wanted) return { memberId: wanted.memberId, because: 'asked', here: wanted.here }
  const free = idle.filter((one) => !(fresh && one.tried) && !reserved?.has(one.memberId))
  const last = fresh ? undefined : free.find((one) => one.last)
  if (last) return { memberId: last.memberId, because: 'goes on', here: last.here }
  const [best] = free.toSorted((a, b) => b.here.length - a.here.length || b.all - a.all || a.memberId - b.memberId)
  if (!best) return undefined
  return { memberId: best.memberId, because: best.here.length > 0 ? 'experience' : 'free', here: best.here }
}
