/** Whether a person is asked before a plan is carried out. Pure. */

import type { Settings } from '../config/settings.ts'
import type { PlanOrBreakdown } from '../domain/plan.ts'
import { hoursOf } from '../domain/plan.ts'
import { effortHours } from '../lib/effort-hours.ts'

/** A plan of this many agent hours is large: what an issue labelled `effort:L` takes. */
const largeHours = effortHours.L
/** So many files are more than one sitting of a reviewer. */
const largePaths = 30

/**
 * Why a person must say yes first; undefined when nobody need. What is large is asked about whatever the settings say:
 * of all mistakes it is the dearest one.
 */
export function reasonForApproval(content: PlanOrBreakdown, settings: Settings['planning']): string | undefined {
  if (content.kind === 'breakdown') return 'this becomes several issues'
  const hours = hoursOf(content)
  if (hours >= largeHours) return `this is large: about ${Math.round(hours * 10) / 10} hours of an agent`
  if (content.paths.length > largePaths) return `this is large: it touches ${content.paths.length} files or folders`
  if (settings.approval === 'always') return 'the settings have every plan approved'
  if (settings.approval === 'never') return undefined
  if (content.risk === 'high') return 'the risk is high'
  if (content.confidence < settings.confidence)
    return `the agent is only ${Math.round(content.confidence * 100)} % sure`
  return undefined
}
