/** What the page of an item shows, as its parts take it. */

import type { DecisionRow } from '../../db/decisions.ts'
import type { DeliveredMessage } from '../../db/messages.ts'
import type { PictureRow } from '../../db/pictures.ts'
import type { PlanRow, QuestionRow } from '../../db/plans.ts'
import type { GateRow, PullRow } from '../../db/pull-requests.ts'
import type { RunRow } from '../../db/runs.ts'
import type { auditLog } from '../../db/schema/repositories.ts'
import type { usage } from '../../db/schema/usage.ts'
import type { ItemRow } from '../../db/work-items.ts'
import type { ReportView } from '../../views/report.ts'

/** One entry of the audit log. */
export type LoggedStep = typeof auditLog.$inferSelect

/** What one run has used. */
export type UsageRow = typeof usage.$inferSelect

/** Everything that the page shows. */
export interface ItemFacts {
  item: ItemRow
  steps: LoggedStep[]
  runs: RunRow[]
  gates: GateRow[]
  /** What gates left on any commit. */
  pictures: PictureRow[]
  pull: PullRow | undefined
  plan: PlanRow | undefined
  rounds: QuestionRow[]
  messages: DeliveredMessage[]
  decision: DecisionRow | undefined
  waitsFor: string[]
  /** Of a roadmap. */
  report: ReportView | undefined
  /** What each run has used. */
  used: Map<number, UsageRow>
}
