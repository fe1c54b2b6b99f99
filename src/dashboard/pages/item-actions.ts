/** What a person can do with an item now: only what its state allows. */

import type { ItemState } from '../../lib/item-state.ts'
import { buttons } from '../../messages/dashboard-item.ts'
import { stopAgent, stopAndPause } from '../../messages/dashboard-pages.ts'
import { type CommandButton, commandForm } from '../command-form.ts'
import { itemUrl, panel } from '../frame.ts'
import { type Html, html } from '../html.ts'
import type { PageRequest } from '../page.ts'
import type { ItemFacts } from './item-facts.ts'

type Button = Omit<CommandButton, 'back' | 'on'>

const stop: Button = {
  command: 'stop',
  label: stopAgent,
  danger: true,
  confirm: stopAndPause,
}
const pause: Button = { command: 'pause', label: 'Pause' }
const giveUp: Button = {
  ...{ command: 'unqueue', label: 'Give up', danger: true },
  confirm: buttons.giveUpConfirm,
}
const skip: Button = { command: 'skip', label: 'Leave out', confirm: buttons.skipConfirm }
const replan: Button = { command: 'replan', label: 'Plan again' }
const resume: Button = { command: 'resume', label: 'Resume', primary: true }

const text = (name: string, label: string, required = false): Html =>
  html`<label class="visually-hidden" for="arg-${name}">${label}</label><textarea id="arg-${name}" name="arg.${name}" placeholder="${label}" ${required ? html`required` : ''}></textarea>`

const retry: Button = {
  ...{ command: 'retry', label: 'Try again' },
  fields: text('how', buttons.retryHow),
}
const approve: Button = {
  command: 'approve',
  label: buttons.approve,
  primary: true,
  fields: text('also', buttons.approveAlso),
}
const reject: Button = {
  command: 'reject',
  label: buttons.reject,
  fields: text('why', buttons.rejectWhy, true),
}
const answer: Button = { command: 'answer', label: 'Answer', primary: true, fields: text('text', 'Your answer', true) }
const merge: Button = {
  command: 'merge',
  label: 'Merge',
  primary: true,
  confirm: buttons.mergeConfirm,
}
const hold: Button = { command: 'hold', label: buttons.hold }
const unhold: Button = { command: 'hold', label: buttons.unhold, args: { why: 'cancel' } }

const byState: Readonly<Record<ItemState, readonly Button[]>> = {
  queued: [pause, skip, giveUp],
  planning: [pause, stop, giveUp],
  asking: [answer, pause, giveUp],
  'plan-review': [approve, reject, pause, giveUp],
  ready: [pause, replan, skip, giveUp],
  running: [pause, stop, giveUp],
  checking: [pause, stop, giveUp],
  reviewing: [merge, hold, retry, pause, giveUp],
  approved: [merge, hold, pause, giveUp],
  merging: [hold, pause],
  done: [],
  paused: [resume, retry, replan, skip, giveUp],
  held: [{ ...retry, primary: true }, { ...resume, primary: false }, replan, skip, giveUp],
  skipped: [{ command: 'queue', label: 'Queue again', primary: true }],
  cancelled: [{ command: 'queue', label: 'Queue again', primary: true }],
}

/** The buttons of an item. */
export function actionsPanel(request: PageRequest, { item, pull }: ItemFacts): Html {
  const back = itemUrl(request.repo, item.issueNumber)
  const offered = byState[item.state].map((button) => (button === hold && pull?.heldBy ? unhold : button))
  if (offered.length === 0) return html``
  const make = (button: Button) => commandForm(request, { ...button, on: item.issueNumber, back })
  const written = offered.filter(({ fields }) => fields)
  const plain = offered.filter(({ fields }) => !fields)
  return panel(
    buttons.title,
    html`<div class="stack">${written.map((button) => html`<div class="field">${make(button)}</div>`)}
<div class="actions">${plain.map(make)}${choices(request, item, back)}</div></div>`,
  )
}

/** How urgent it is, and how large. */
function choices(request: PageRequest, item: ItemFacts['item'], back: string): Html {
  const select = (name: string, label: string, [current, options]: [string, readonly string[]]) =>
    html`<label class="label" for="arg-${name}">${label}</label><select id="arg-${name}" name="arg.${name}">${options.map(
      (option) => html`<option value="${option}" ${option === current ? html`selected` : ''}>${option}</option>`,
    )}</select>`
  const on = item.issueNumber
  const priority = select('priority', 'Priority', [String(item.priority), ['0', '1', '2', '3']])
  const effort = select('effort', 'Effort', [item.effort ?? 'M', ['S', 'M', 'L', 'XL']])
  return html`${commandForm(request, { command: 'priority', label: 'Set', fields: priority, on, back })}${commandForm(
    request,
    { command: 'effort', label: 'Set', fields: effort, on, back },
  )}`
}
