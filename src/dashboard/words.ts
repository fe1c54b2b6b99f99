/** The words and colours that the pages share: states of items and agents, faces of the crew. */

import { lifecycle } from '../domain/lifecycle.ts'
import type { ItemState } from '../lib/item-state.ts'
import type { AgentStatus } from '../views/agents.ts'
import type { ProgressView } from '../views/progress.ts'
import { type Html, html } from './html.ts'

/** The colour of a fact; a word always says the same. */
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'accent' | 'calm'

const stateTones: Readonly<Record<ItemState, Tone>> = {
  queued: 'calm',
  planning: 'accent',
  asking: 'warn',
  'plan-review': 'warn',
  ready: 'calm',
  running: 'accent',
  checking: 'info',
  reviewing: 'warn',
  approved: 'info',
  merging: 'info',
  done: 'good',
  paused: 'calm',
  held: 'bad',
  skipped: 'calm',
  cancelled: 'calm',
}

const shortLabels: Readonly<Record<ItemState, string>> = {
  queued: 'Queued',
  planning: 'Planning',
  asking: 'Has a question',
  'plan-review': 'Plan to approve',
  ready: 'Ready',
  running: 'At work',
  checking: 'Checking',
  reviewing: 'Review',
  approved: 'Approved',
  merging: 'Merging',
  done: 'Done',
  paused: 'Paused',
  held: 'Held',
  skipped: 'Skipped',
  cancelled: 'Cancelled',
}

/** Whether a text is a state of an item. */
export function isState(text: string): text is ItemState {
  return Object.hasOwn(lifecycle, text)
}

/** The colour of a state; calm for a word that is none. */
export function stateTone(state: string): Tone {
  return isState(state) ? stateTones[state] : 'calm'
}

/** A state in two words. */
export function stateLabel(state: string): string {
  return isState(state) ? shortLabels[state] : state
}

/** A word in the colour of its meaning. */
export function pill(tone: Tone, text: string): Html {
  return html`<span class="pill ${tone}">${text}</span>`
}

/** The state of an item as a pill. */
export function statePill(state: string): Html {
  return pill(stateTone(state), stateLabel(state))
}

/** Health, and what an agent is doing, as one pill. */
export function agentPill({ status, health }: { status: AgentStatus; health: string | null }): Html {
  const bad = health === 'critical' || health === 'dead' || health === 'stalled'
  if (bad || health === 'warning') return pill(bad ? 'bad' : 'warn', health === 'warning' ? 'slow' : (health ?? ''))
  const tones = {
    waiting: 'calm',
    working: 'accent',
    checking: 'info',
    finished: 'good',
    failed: 'bad',
    stopped: 'calm',
  } as const
  return pill(tones[status], status)
}

/** How a repository stands, as a pill. */
export function statusPill(status: ProgressView['status']): Html {
  return pill(status === 'active' ? 'good' : status === 'halted' || status === 'shutdown' ? 'bad' : 'calm', status)
}

/** The initials of a member of the crew, in a colour that stays theirs. */
export function face(name: string, size: 'big' | '' = ''): Html {
  const letters = name.trim().slice(0, 2) || '·'
  const colour = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 5
  return html`<span class="face h${colour} ${size}" aria-hidden="true">${letters}</span>`
}

/** Money for people: `$1.23`, `1.23 EUR`. @param millionths whole millionths of the currency. */
export function moneyText(millionths: number, currency: string | null): string {
  const amount = millionths / 1e6
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? 3 : 2
  return currency === 'USD' ? `$${amount.toFixed(digits)}` : `${amount.toFixed(digits)} ${currency ?? ''}`.trim()
}

/** Tokens for people: `950`, `12.3 k`, `4.1 M`. */
export function tokensText(tokens: number): string {
  if (tokens >= 1e6) return `${(tokens / 1e6).toFixed(1)} M`
  return tokens >= 1e3 ? `${Math.round(tokens / 1e3)} k` : String(tokens)
}
