/**
 * The labels that queue issues, when someone renames them on GitHub. The settings name a label; GitHub knows it by an id,
 * which a rename keeps. Pure.
 */

import type { Settings } from '../config/settings.ts'
import { sameLabel } from './labels.ts'

/** By the name in the settings, in lower case: GitHub's id of that label, and its present name. */
export type QueueLabels = Record<string, { id: number; name: string }>

/** The names in the settings of the labels that queue: for tasks, and for roadmaps. */
function namesIn(settings: Settings): string[] {
  return [settings.label, settings.roadmap.label]
}

/** The settings with the labels that queue under their present names. */
export function withPresentLabels(settings: Settings, known: QueueLabels): Settings {
  const now = (name: string) => known[name.toLowerCase()]?.name ?? name
  return {
    ...settings,
    label: now(settings.label),
    roadmap: { ...settings.roadmap, label: now(settings.roadmap.label) },
  }
}

/**
 * What is known after an issue or an event has shown labels with their ids.
 * @param settings as they are written, with the names of the file.
 * @param seen the ids of labels by their names.
 * @returns undefined when nothing is new.
 */
export function learnQueueLabels(
  settings: Settings,
  known: QueueLabels,
  seen: Readonly<Record<string, number>>,
): QueueLabels | undefined {
  const next = { ...known }
  for (const configured of namesIn(settings)) {
    const key = configured.toLowerCase()
    const before = known[key]
    const renamed = before && Object.entries(seen).find(([, id]) => id === before.id)
    // A new label under the name in the settings is the one that they mean.
    const exact = Object.entries(seen).find(([name]) => sameLabel(name, configured))
    const [name, id] = exact ?? renamed ?? []
    if (name !== undefined && id !== undefined && (before?.id !== id || before.name !== name)) next[key] = { id, name }
  }
  return Object.keys(next).some((key) => next[key] !== known[key]) ? next : undefined
}

/** The same for a rename that an event reports, also where the id was not known. */
export function renameQueueLabel(
  settings: Settings,
  known: QueueLabels,
  label: { id: number; from: string; to: string },
): QueueLabels | undefined {
  const next = { ...known }
  for (const configured of namesIn(settings)) {
    const key = configured.toLowerCase()
    const before = known[key]
    const isIt = before ? before.id === label.id : sameLabel(configured, label.from)
    if (isIt && before?.name !== label.to) next[key] = { id: label.id, name: label.to }
  }
  return Object.keys(next).some((key) => next[key] !== known[key]) ? next : undefined
}

/** Whether a line of an issue's history is about a label that queues, under its name then or now. */
export function isOrWasQueueLabel(name: string, settings: Settings, known: QueueLabels): boolean {
  const names = namesIn(settings).flatMap((configured) => [
    configured,
    known[configured.toLowerCase()]?.name ?? configured,
  ])
  return names.some((one) => sameLabel(one, name))
}
