/** Replies of `/roadmap`. */

import { counted } from '../../lib/counted.ts'
import { singleLine } from '../../lib/sanitise.ts'
import { roadmapExample } from '../roadmaps.ts'
import type { CommandRefusal } from './common.ts'
import { typed } from './typed.ts'

/** How the parts of a roadmap are worked on. */
export interface ModeOfRoadmap {
  mode: 'one' | 'parallel' | 'sequential' | 'batch'
  max?: number
}

export const modeWithoutStart = (prefix: string): CommandRefusal => [
  'How a roadmap is worked on is said when it starts.',
  `${typed(prefix, 'roadmap start --mode one')}, for example.`,
]
export const maxWithoutParallel: CommandRefusal = [
  '`--max` goes with `--mode parallel`.',
  'The other modes say how many by themselves.',
]
export const epicHasRuns: CommandRefusal = [
  'An agent has worked on this issue itself, so it cannot stand for others.',
  'Open another one.',
]
export const noRoadmapHere: CommandRefusal = ['There is no roadmap here.', roadmapExample]
export const noRoadmapSummary = noRoadmapHere.join(' ')

export const importStarted = (file: string) => `\`${singleLine(file)}\` is being read.`
export const roadmapStarted = (login: string, mode: ModeOfRoadmap | undefined) =>
  `${login} started the roadmap as it is now. ${mode ? roadmapModeSentence(mode) : ''}`.trim()
export const notStartedYet = (count: number, prefix: string) =>
  `This issue names ${counted(count, 'piece')} of work. ${typed(prefix, 'roadmap start')} has them worked on.`

/** Parts by how far they are; the names are shown. */
const partProgress = ['done', 'being worked on', 'in review', 'waiting', 'held or left out', 'not queued'] as const
export type PartProgress = (typeof partProgress)[number]

/** Parts named for people. */
const mostNamed = 20

/** @param forPeople names of parts that a person must decide about. @param pendingLines lines that are not an issue yet. */
export function roadmapSummary(roadmap: {
  counts: Readonly<Record<PartProgress, number>>
  parts: number
  pendingLines: number
  forPeople: readonly string[]
  mode: ModeOfRoadmap | undefined
}): string {
  const { counts, parts, pendingLines, forPeople, mode } = roadmap
  const named = partProgress.flatMap((one) => (counts[one] > 0 ? [`${counts[one]} ${one}`] : []))
  const more = forPeople.length > mostNamed ? ` and ${forPeople.length - mostNamed} more` : ''
  const rows = [
    `${counted(parts, 'part')}${named.length > 0 ? `: ${named.join(', ')}` : ''}.`,
    pendingLines > 0 ? `${pendingLines} more ${pendingLines === 1 ? 'line is' : 'lines are'} not an issue yet.` : '',
    forPeople.length > 0 ? `For people: ${forPeople.slice(0, mostNamed).join(', ')}${more}.` : '',
    mode ? roadmapModeSentence(mode) : '',
  ]
  return rows.filter(Boolean).join(' ')
}

function roadmapModeSentence({ mode, max = 1 }: ModeOfRoadmap): string {
  if (mode === 'one') return 'One part is worked on, and then no other.'
  if (mode === 'sequential') return 'Its parts are worked on one after another, in their order.'
  if (mode === 'batch') return 'All parts that are available are worked on.'
  return max === 1 ? 'One part is worked on at a time.' : `At most ${max} parts are worked on at once.`
}
