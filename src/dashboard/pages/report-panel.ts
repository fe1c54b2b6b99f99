/** The report of a roadmap on its page: its parts, and the measures of the whole. */

import { reportMeasures, reportQuality } from '../../messages/report.ts'
import type { ReportView } from '../../views/report.ts'
import { panel } from '../frame.ts'
import { type Html, html } from '../html.ts'
import { prose } from '../markdown.ts'
import { statePill } from '../words.ts'

/** The report; nothing before an agent or a person has worked on a part. */
export function reportPanel(report: ReportView | undefined): Html {
  if (!report || report.items.length === 0) return html``
  const row = (item: ReportView['items'][number]) =>
    html`<tr><td>#${item.issue} ${item.title}</td><td>${item.agents.join(', ') || '–'}</td><td>${statePill(item.state)}${item.pullRequest === null ? '' : html` <span class="small muted">PR #${item.pullRequest}</span>`}</td><td class="small">${reportQuality(item)}</td></tr>`
  return panel(
    'Report',
    html`<div class="stack">${prose(reportMeasures(report))}<div class="scroll" tabindex="0" role="region" aria-label="Report"><table><thead><tr><th scope="col">Work</th><th scope="col">Agents</th><th scope="col">State</th><th scope="col">Quality</th></tr></thead><tbody>${report.items.map(row)}</tbody></table></div></div>`,
  )
}
