/** One entry of the audit log, as people read it. */

import type { RepositoryRow } from '../../db/repositories.ts'
import type { EventView } from '../../views/events.ts'
import { itemUrl } from '../frame.ts'
import { type Html, html, timeTag } from '../html.ts'
import { sentence } from '../markdown.ts'
import { isState, stateLabel, stateTone, type Tone } from '../words.ts'

/** What an entry says, and its colour. @param what as in the log: `running → checking`, `/merge`, `refused /merge`, `queued`. */
export function eventWords(what: string): { words: string; tone: Tone } {
  const [from = '', to = ''] = what.split(' → ')
  if (isState(from) && isState(to)) return { words: stateLabel(to), tone: stateTone(to) }
  if (what.startsWith('refused ')) return { words: what, tone: 'bad' }
  if (what.startsWith('/') || what.startsWith('>>> ')) return { words: what, tone: 'accent' }
  if (isState(what)) return { words: stateLabel(what), tone: stateTone(what) }
  return { words: what.charAt(0).toUpperCase() + what.slice(1), tone: 'calm' }
}

/** One line of a list of entries. */
export function eventLine(repo: RepositoryRow, event: EventView): Html {
  const { words, tone } = eventWords(event.what)
  const issue =
    event.issue === null ? '' : html`<a href="${itemUrl(repo, event.issue)}">#${event.issue} ${event.title}</a>`
  return html`<li id="event-${event.id}"><span class="dot ${tone} event-dot"></span><div class="grow"><span><span class="name">${words}</span> ${issue}</span>
${event.why ? html`<span class="small muted">${sentence(event.why)}</span>` : ''}</div>
<div class="side-note">${timeTag(event.at)}<span>${event.actor}</span></div></li>`
}
