/** Whether a person must approve a plan before it is carried out. Pure. */

import type { Settings } from '../config/settings.ts'
import type { PlanOrBreakdown } from '../domain/plan.ts'
import { hoursOf } from '../domain/plan.ts'
import { type Effort, effortHours, isLargeEffort } from '../lib/effort-hours.ts'
import * as messages from '../messages/planning.ts'

/** A plan of so many agent hours is large. It is the effort of an issue labelled `effort:L`. */
const largeHours = effortHours.L
/** More files than a reviewer can read in one sitting. */
const largePaths = 30

/**
 * Why a person must approve the plan first; undefined when no approval is needed. A large plan needs one whatever the
 * settings say: a mistake in it costs the most.
 * @param effort what a person has said about the size, with a label or a command; it outranks the plan's own figure.
 */
export function reasonForApproval(
  content: PlanOrBreakdown,
  settings: Settings['planning'],
  effort: Effort | null = null,
): string | undefined {
  if (content.kind === 'breakdown') return messages.becomesSeveralIssues
  if (isLargeEffort(effort)) return messages.isLargeByLabel(effort)
  const hours = hoursOf(content)
  if (hours >= largeHours) return messages.isLargeByHours(hours)
  if (content.paths.length > largePaths) return messages.isLargeByPaths(content.paths.length)
  if (settings.approval === 'always') return messages.settingsRequireApproval
  if (settings.approval === 'never') return undefined
  if (content.risk === 'high') return messages.riskIsHigh
  if (content.confidence < settings.confidence) return messages.confidenceIsLow(content.confidence)
  return undefined
}
