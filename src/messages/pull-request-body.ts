/** The text of a pull request that Tutti opens. */

import { sanitiseMarkdown } from '../lib/sanitise.ts'
import { type GateView, gateTable } from './gates.ts'
import { namedPaths } from './paths.ts'

/** The body of a pull request, without its marker. */
export function pullRequestBody(view: {
  issueNumber: number
  summary: string
  agent: string
  attempts: number
  changes: { path: string; additions: number; deletions: number }[]
  /** What the agent left that `.gitignore` hides. */
  ignored: readonly string[]
  gates: GateView[]
  headSha: string
  sandboxed: boolean
  mergeWhen: 'command' | 'approved'
}): string {
  const added = view.changes.reduce((sum, change) => sum + change.additions, 0)
  const removed = view.changes.reduce((sum, change) => sum + change.deletions, 0)
  const shown = view.changes
    .slice(0, 30)
    .map((change) => `- \`${change.path.replaceAll('`', '')}\` +${change.additions} −${change.deletions}`)
  const more = view.changes.length > 30 ? [`- … and ${view.changes.length - 30} more`] : []
  const next =
    view.mergeWhen === 'command' ? 'Approve it, then say `/merge`.' : 'It merges once it is approved and green.'
  return [
    `Closes #${view.issueNumber}`,
    sanitiseMarkdown(view.summary, 6_000) || 'The agent left no summary.',
    `**${view.changes.length} ${view.changes.length === 1 ? 'file' : 'files'}**, +${added} −${removed}\n\n${[...shown, ...more].join('\n')}`,
    ignoredNote(view.ignored),
    gateTable(view.gates, view.headSha),
    `<sub>Written by ${view.agent}${view.attempts > 1 ? ` in ${view.attempts} attempts` : ''}${view.sandboxed ? '' : ', ⚠️ without a sandbox'}; not yet read by a person. ${next}</sub>`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

function ignoredNote(ignored: readonly string[]): string {
  return ignored.length === 0
    ? ''
    : `Not in this pull request because \`.gitignore\` hides them: ${namedPaths(ignored)}.`
}
