/** The meaning of labels. */

import type { Settings } from '../config/settings.ts'
import type { Effort } from '../lib/effort-hours.ts'

/** The facts about the work that an issue's labels contain. */
export interface LabelFacts {
  /** 0 goes first. */
  priority: number
  effort: Effort | null
  /** Safe as a part of branch names and paths; null when no label names a module. */
  module: string | null
  /** The way of working that `loop:<name>` asks for; null when no label names one. */
  loop: string | null
}

const defaultPriority = 2

/** Reads `priority:0..3`, `effort:S/M/L/XL` and `module:<name>`; invalid labels are ignored. */
export function labelFacts(labels: readonly string[]): LabelFacts {
  const after = (prefix: string) =>
    labels
      .find((label) => label.toLowerCase().startsWith(prefix))
      ?.slice(prefix.length)
      .trim()
  const priority = after('priority:')
  const effort = after('effort:')?.toUpperCase()
  return {
    priority: priority !== undefined && /^[0-3]$/.test(priority) ? Number(priority) : defaultPriority,
    effort: effort === 'S' || effort === 'M' || effort === 'L' || effort === 'XL' ? effort : null,
    module: slug(after('module:') ?? '') || null,
    loop: slug(after('loop:') ?? '') || null,
  }
}

/** Whether a label is one of those that `labelFacts` reads. */
export function isScopedLabel(label: string): boolean {
  return /^(?:priority|effort|module|loop):/i.test(label)
}

/** A label can contain any text; the result is safe in branch names and paths. */
function slug(text: string): string {
  const words = text.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return words
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
}

/** Whether an issue is an epic: it has the roadmap label, or open sub-issues. No agent builds it. */
export function isEpicIssue(
  issue: { labels: readonly string[]; openParts?: number | null },
  settings: Settings,
): boolean {
  const label = settings.roadmap.label.toLowerCase()
  return (issue.openParts ?? 0) > 0 || issue.labels.some((one) => one.toLowerCase() === label)
}

/** Compares labels without regard to case, as GitHub does. */
export function sameLabel(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** Whether one of the labels equals `label`. */
export function hasLabel(labels: readonly string[], label: string): boolean {
  return labels.some((one) => sameLabel(one, label))
}

/** Whether the labels contain one that queues an issue: the label for tasks or the label for roadmaps. */
export function hasQueueLabel(labels: readonly string[], settings: Settings): boolean {
  return hasLabel(labels, settings.label) || hasLabel(labels, settings.roadmap.label)
}

/** Whether a label queues an issue. */
export function isQueueLabel(label: string, settings: Settings): boolean {
  return hasQueueLabel([label], settings)
}

/** The module that an item's labels name; undefined when none does. */
export function moduleOf(item: { labels: readonly string[] }): string | undefined {
  return labelFacts(item.labels).module ?? undefined
}

/** Whether a label on a pull request keeps it from being merged. */
export function isHoldLabel(label: string): boolean {
  return label.toLowerCase() === 'do-not-merge'
}
