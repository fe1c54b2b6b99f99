/** The issues that an approved breakdown becomes: titles, texts and labels. */

import type { EffectOf } from '../domain/effects.ts'
import type { Breakdown, BreakdownItem } from '../domain/plan.ts'
import { effortHours } from '../lib/effort-hours.ts'
import { sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'
import { pathList } from './plans.ts'

/** The items of a breakdown, in the order of its text. */
export function breakdownItems({ features }: Breakdown): BreakdownItem[] {
  return features.flatMap(({ items }) => items)
}

/** An issue that a part of a breakdown becomes. */
export interface PlannedIssue {
  /** The item's own key, or `FEATURE-N`, which no item can have: theirs are in lower case. */
  key: string
  kind: 'item' | 'feature'
  /** The key of its feature; undefined directly under the goal. */
  under: string | undefined
  issue: Omit<EffectOf<'create-issue'>['payload'], 'origin'>
}

/**
 * The issues that a breakdown becomes. A feature of several items is an issue of its own, with its items under it; a
 * feature of one item is that item, and so is the only feature there is.
 */
export function plannedIssues(breakdown: Breakdown, parent: number, label: string): PlannedIssue[] {
  const titles = new Map(breakdownItems(breakdown).map(({ key, title }) => [key, title]))
  return breakdown.features.flatMap((feature, at): PlannedIssue[] => {
    const own = breakdown.features.length > 1 && feature.items.length > 1
    const under = own ? `FEATURE-${at + 1}` : undefined
    const items = feature.items.map(
      (item): PlannedIssue => ({
        key: item.key,
        kind: 'item',
        under,
        issue: { title: singleLine(item.title), body: itemBody(item, titles, parent), labels: labelsOf(item, label) },
      }),
    )
    if (!under) return items
    const body = [sanitiseMarkdown(feature.body), `Part of #${parent}.`].filter(Boolean).join('\n\n')
    return [
      {
        key: under,
        kind: 'feature',
        under: undefined,
        issue: { title: singleLine(feature.title), body, labels: [label] },
      },
      ...items,
    ]
  })
}

function itemBody(item: BreakdownItem, titles: ReadonlyMap<string, string>, parent: number): string {
  const after = item.dependsOn.map((key) => `- ${singleLine(titles.get(key) ?? key)}`)
  return [
    sanitiseMarkdown(item.body, 10_000),
    pathList(item.paths),
    after.length > 0 && `**Comes after**\n\n${after.join('\n')}`,
    `Part of #${parent}.`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

function labelsOf({ effort, module }: BreakdownItem, label: string): string[] {
  const size = typeof effort === 'string' ? effort : sizeOf(effort)
  return [label, `effort:${size}`, ...(module ? [`module:${module}`] : [])]
}

/** The effort label that is nearest to a number of hours, by ratio. */
function sizeOf(hours: number): keyof typeof effortHours {
  const sizes = Object.keys(effortHours) as (keyof typeof effortHours)[]
  const far = (size: keyof typeof effortHours) => Math.abs(Math.log(effortHours[size] / hours))
  return sizes.reduce((best, size) => (far(size) < far(best) ? size : best))
}
