/** What labels mean. */

import type { Settings } from '../config/settings.ts'
import type { Effort } from '../lib/effort-hours.ts'

/** What an issue's labels say about the work. */
export interface LabelFacts {
  /** 0 goes first. */
  priority: number
  effort: Effort | null
  /** A word that is safe as a part of branch names and paths; null when no label names a module. */
  module: string | null
  /** The way of working that `loop:<name>` asks for; null when no label names one. */
  loop: string | null
}

const usualPriority = 2

/** Reads `priority:0..3`, `effort:S/M/L/XL` and `module:<name>`; what cannot be read is as if it were not there. */
export function labelFacts(labels: readonly string[]): LabelFacts {
  const after = (prefix: string) =>
    labels
      .find((label) => label.toLowerCase().startsWith(prefix))
      ?.slice(prefix.length)
      .trim()
  const priority = after('priority:')
  const effort = after('effort:')?.toUpperCase()
  return {
    priority: priority !== undefined && /^[0-3]$/.test(priority) ? Number(priority) : usualPriority,
    effort: effort === 'S' || effort === 'M' || effort === 'L' || effort === 'XL' ? effort : null,
    module: slug(after('module:') ?? '') || null,
    loop: slug(after('loop:') ?? '') || null,
  }
}

/** Labels can hold anything; this goes into branch names and paths. */
function slug(text: string): string {
  const words = text.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return words
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
}

/** Whether an issue stands for others: a roadmap by its label, or one with open sub-issues. No agent builds it. */
export function isEpicIssue(
  issue: { labels: readonly string[]; openParts?: number | null },
  settings: Settings,
): boolean {
  const label = settings.roadmap.label.toLowerCase()
  return (issue.openParts ?? 0) > 0 || issue.labels.some((one) => one.toLowerCase() === label)
}

/** Labels are equal whatever their case, as on GitHub. */
export function sameLabel(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** Whether a label is among some. */
export function hasLabel(labels: readonly string[], label: string): boolean {
  return labels.some((one) => sameLabel(one, label))
}

/** Whether one of the labels that queue an issue is on: the one for tasks, or the one for roadmaps. */
export function hasQueueLabel(labels: readonly string[], settings: Settings): boolean {
  return hasLabel(labels, settings.label) || hasLabel(labels, settings.roadmap.label)
}

/** Whether a label is one of those that queue an issue. */
export function isQueueLabel(label: string, settings: Settings): boolean {
  return hasQueueLabel([label], settings)
}

/** The module that the labels name, as the settings know it; undefined when none does. */
export function moduleOf(item: { labels: readonly string[] }): string | undefined {
  return labelFacts(item.labels).module ?? undefined
}
