/** The journey of an item on a time axis, from the audit log. */

import { type Stay, staysOf } from '../../domain/trace.ts'
import { currentMs } from '../../lib/clock.ts'
import { panel } from '../frame.ts'
import { type Html, html, spanText, timeTag } from '../html.ts'
import { sentence } from '../markdown.ts'
import { stateLabel, stateTone, type Tone } from '../words.ts'
import { eventWords } from './events.ts'
import type { ItemFacts, LoggedStep } from './item-facts.ts'

/** Up to here, in milliseconds, the time of day says which step was when. */
const oneDay = 20 * 3_600_000

/** Where its time went, and every step, the newest first. */
export function journeyPanel({ steps, item }: ItemFacts): Html {
  const end = item.doneAt?.getTime() ?? currentMs()
  const stays = staysOf(steps, end)
  const show = end - (steps[0]?.at.getTime() ?? end) < oneDay ? 'clock' : 'ago'
  const list = steps.toReversed().map((step) => stepOf(step, stays, show))
  return panel(
    'Journey',
    html`<div class="stack">${phases(stays, item.state)}<ol class="axis">${list}</ol></div>`,
    stays[0]
      ? html`${item.doneAt ? spanText(end - stays[0].from) : html`for ${timeTag(new Date(stays[0].from), 'lasted')}`}`
      : '',
  )
}

function stepOf(step: LoggedStep, stays: readonly Stay[], show: 'clock' | 'ago'): Html {
  const { words, tone } = eventWords(step.what)
  const why = typeof step.detail.why === 'string' ? step.detail.why : ''
  const reply = typeof step.detail.reply === 'string' ? step.detail.reply : ''
  const stay = stays.find(({ from }) => from === step.at.getTime())
  const lasted = stay && stay !== stays.at(-1) ? spanText(stay.to - stay.from) : ''
  const door = typeof step.detail.door === 'string' ? ` by ${step.detail.door}` : ''
  return html`<li id="step-${step.id}"><span class="when">${timeTag(step.at, show)}</span><div class="what"><span class="dot ${tone}"></span><span class="name">${words}</span> <span class="muted small">${step.actor}${door}</span>${lasted ? html` <span class="stay">· ${lasted}</span>` : ''}
${why ? html`<div class="small">${sentence(why)}</div>` : ''}${reply && reply !== why ? html`<div class="small muted">${sentence(reply)}</div>` : ''}</div></li>`
}

/** One bar for the whole time, in the colours of the states. */
function phases(stays: readonly Stay[], state: string): Html {
  const [first, last] = [stays[0], stays.at(-1)]
  if (!first || !last || last.to <= first.from) return html``
  const whole = last.to - first.from
  const shown = state === 'done' ? stays.slice(0, -1) : stays
  const sums = new Map<string, number>()
  const bars = shown.map((stay) => {
    sums.set(stay.state, (sums.get(stay.state) ?? 0) + stay.to - stay.from)
    const [x, width] = [((stay.from - first.from) / whole) * 100, ((stay.to - stay.from) / whole) * 100]
    return html`<rect class="${fill(stateTone(stay.state))}" x="${x.toFixed(2)}%" width="${Math.max(0.4, width - 0.25).toFixed(2)}%" height="14"><title>${stateLabel(stay.state)}: ${spanText(stay.to - stay.from)}</title></rect>`
  })
  const words = [...sums].map(([name, ms]) => `${stateLabel(name)} ${spanText(ms)}`)
  return html`<div><svg class="phases" role="img" aria-label="${words.join(', ')}" preserveAspectRatio="none">${bars}</svg>
<ul class="legend">${[...sums].map(([name, ms]) => html`<li><span class="dot ${stateTone(name)}"></span>${stateLabel(name)} <span class="num">${spanText(ms)}</span></li>`)}</ul></div>`
}

function fill(tone: Tone): string {
  return tone
}
