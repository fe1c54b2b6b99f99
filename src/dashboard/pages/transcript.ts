/** The transcript of a run from its log file, in pieces, as HTML. The file is an agent's output: everything is escaped. */

import type { Context } from 'hono'
import { runWithItem } from '../../db/runs.ts'
import { permits } from '../../domain/permissions.ts'
import { noSuchLog } from '../../messages/dashboard.ts'
import { openSharedLog } from '../../runs/shared-log.ts'
import { safeHeaders, sendText } from '../answer.ts'
import { type Html, html } from '../html.ts'
import type { DashboardServices } from '../services.ts'
import type { Visitor } from '../visitor.ts'

/** At most this much is shown at once, in bytes: the end of a long log. */
const mostBytes = 256 * 1024

/** A piece of a log. */
export interface LogPiece {
  html: string
  /** Where the next piece begins, in bytes. */
  next: number
  /** Something before it is left out. */
  cut: boolean
}

/** Whole lines of a log. @param from in bytes; undefined: the end of the file, up to 256 kB. */
export async function readTranscript(
  { env, store, redact }: Pick<DashboardServices, 'env' | 'store' | 'redact'>,
  runId: string,
  from: number | undefined,
): Promise<LogPiece> {
  const file = await openSharedLog({ env, store }, Number(runId))
  if (!file) return { html: '', next: 0, cut: false }
  try {
    const start = Math.max(from ?? file.end - mostBytes, file.begin)
    const read = await file.read(start, Math.max(0, Math.min(file.end - start, mostBytes)))
    const last = read.lastIndexOf(10)
    // A line that is being written waits until it is whole, and one whose beginning is not here is left out.
    const first = from === undefined && start > file.begin ? read.indexOf(10) + 1 : 0
    if (last < first) return { html: '', next: start, cut: start > 0 }
    const text = redact(read.subarray(first, last).toString('utf8'))
    const lines = text.split('\n').map(lineOf)
    return { html: lines.map(String).join(''), next: start + last + 1, cut: from === undefined && start > 0 }
  } finally {
    await file.close()
  }
}

function lineOf(line: string): Html {
  const [, source = '', text = ''] = /^(tutti |stdout|stderr)\| ?(.*)$/.exec(line) ?? ['', '', line]
  const kind = source.trim() === 'tutti' ? kindOf(text) : source
  const label = { plan: 'plan', tool: 'tool', tutti: 'tutti', stderr: 'stderr', permission: 'asks' }[kind] ?? ''
  const shown =
    kind === 'tool'
      ? text.replace(/^tool (\S+) (\w+): /, (_, _name, status: string) => `${status.replaceAll('_', ' ')}: `)
      : text.replace(/^(plan|permission): ?/, '')
  return html`<div class="line ${kind}"><span>${label}</span><span>${shown}</span></div>`
}

function kindOf(text: string): string {
  return /^(tool|plan|permission)\b/.exec(text)?.[1] ?? 'tutti'
}

/** `/runs/<id>/log?from=<bytes>`: what has been written since, for the page that shows it. */
export async function moreOfLog(
  context: Context,
  { services, visitor }: { services: DashboardServices; visitor: Visitor },
): Promise<Response> {
  const [id, from] = [context.req.param('id') ?? '', Number(context.req.query('from') ?? 0)]
  if (!/^\d{1,15}$/.test(id) || !Number.isSafeInteger(from) || from < 0) return sendText(noSuchLog, 404)
  const found = await runWithItem(services.store.db, Number(id))
  if (!found || !permits(await visitor.permissionIn(found.repo), 'read')) return sendText(noSuchLog, 404)
  const { run } = found
  const piece = await readTranscript(services, id, from)
  return Response.json(
    { html: piece.html, next: piece.next, ended: run.stage === 'ended' || run.endedAt !== null },
    { headers: { 'cache-control': 'no-store', ...safeHeaders() } },
  )
}
