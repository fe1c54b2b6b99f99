/** The critical path of a roadmap: the chain of open parts that takes the longest. */

import { partStatus } from './part-status.ts'
import type { RoadmapPart } from './roadmap.ts'

/** The effort M, which the scheduler also uses for an unknown effort. */
const defaultHours = 2

/**
 * The chain of open parts with the most hours; each part waits for the one before it.
 * @returns keys, the first to be done first; empty when everything is done. A dependency that closes a cycle is
 * ignored.
 */
export function criticalPath(parts: readonly RoadmapPart[]): string[] {
  const open = new Map(parts.filter(isOpen).map((part) => [part.key, part]))
  const best = new Map<string, { hours: number; before: string | undefined }>()
  const visiting = new Set<string>()
  const measure = (part: RoadmapPart): { hours: number; before: string | undefined } => {
    const known = best.get(part.key)
    if (known) return known
    visiting.add(part.key)
    let [hours, before]: [number, string | undefined] = [0, undefined]
    for (const key of part.waitsFor) {
      const other = open.get(key)
      if (!other || visiting.has(key)) continue
      const otherHours = measure(other).hours
      if (otherHours > hours) [hours, before] = [otherHours, key]
    }
    visiting.delete(part.key)
    const own = part.item?.kind === 'epic' ? 0 : (part.hours ?? defaultHours)
    const result = { hours: hours + own, before }
    best.set(part.key, result)
    return result
  }
  let last: string | undefined
  for (const part of open.values())
    if (last === undefined || measure(part).hours > (best.get(last)?.hours ?? 0)) last = part.key
  const path: string[] = []
  for (let key = last; key !== undefined; key = best.get(key)?.before) path.unshift(key)
  return path.filter((key) => open.get(key)?.item?.kind !== 'epic')
}

function isOpen(part: RoadmapPart): boolean {
  const status = partStatus(part)
  return status !== 'done' && status !== 'dropped'
}
