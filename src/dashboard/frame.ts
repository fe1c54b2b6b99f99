/** What every page stands in: the head, the navigation, the line that says whether it is live. */

import type { RepositoryRow } from '../db/repositories.ts'
import * as messages from '../messages/dashboard.ts'
import { assetUrl } from './assets.ts'
import { type Html, html } from './html.ts'
import { type IconName, icon, logo } from './icons.ts'
import { prose, sentence } from './markdown.ts'
import { face } from './words.ts'

/** What a page shows. */
export interface View {
  title: string
  /** Beside the title, on the right. */
  tools?: Html
  /** Below the title. */
  where?: Html
  main: Html
  /** Scripts of this page alone, by the names of assets. */
  scripts?: readonly string[]
}

/** The frame around it. */
export interface FrameFacts {
  login: string
  /** The token of forms. */
  csrf: string
  repository: RepositoryRow | undefined
  /** All that the visitor may choose from. */
  repositories: readonly RepositoryRow[]
  /** The path of the page that is shown, without its query. */
  path: string
  flash?: { text: string; outcome: 'done' | 'refused' } | undefined
}

const pages: readonly { path: string; label: string; icon: IconName }[] = [
  { path: '/', label: 'Board', icon: 'board' },
  { path: '/graph', label: 'Dependencies', icon: 'graph' },
  { path: '/crew', label: 'Crew', icon: 'crew' },
  { path: '/spend', label: 'Spend', icon: 'spend' },
  { path: '/merge-queue', label: 'Merge queue', icon: 'merge' },
  { path: '/audit', label: 'Audit log', icon: 'audit' },
  { path: '/settings', label: 'Settings', icon: 'settings' },
]

/** The address of a page of a repository. */
export function pageUrl(path: string, repository: Pick<RepositoryRow, 'fullName'>, more: Record<string, string> = {}) {
  return `${path}?${new URLSearchParams({ repository: repository.fullName, ...more })}`
}

/** The address of the page of an item. */
export function itemUrl(repository: Pick<RepositoryRow, 'fullName'>, issue: number): string {
  return `/items/${repository.fullName}/${issue}`
}

/** A whole page inside the frame. */
export function framed(view: View, facts: FrameFacts): Html {
  const { repository, flash } = facts
  const stream = repository ? `/live?repository=${encodeURIComponent(repository.fullName)}` : ''
  return page(
    repository ? `${view.title} · ${repository.fullName}` : view.title,
    html`<a class="skip" href="#main">${messages.skipToContent}</a>
<div class="frame">
${sidebar(facts)}
<main class="main" id="main" tabindex="-1">
<div class="head" data-live="head"><h1>${view.title}</h1>
<div class="tools">${view.tools ?? ''}${stream ? html`<span class="live" role="status" data-still>Connecting …</span>` : ''}</div>
${view.where ? html`<div class="where">${view.where}</div>` : ''}</div>
${flash ? html`<div class="flash ${flash.outcome}" role="status">${prose(flash.text)}</div>` : ''}
<div data-live="main">${view.main}</div>
</main></div>`,
    { stream, scripts: view.scripts ?? [] },
  )
}

/** A page of one panel, for those who are not signed in, and for what is not there. */
export function alone(title: string, body: Html): Html {
  return page(
    title,
    html`<main class="alone" id="main"><div class="panel"><span class="brand">${logo(30)} Tutti</span>${body}</div></main>`,
    { stream: '', scripts: [] },
  )
}

function page(title: string, body: Html, { stream, scripts }: { stream: string; scripts: readonly string[] }): Html {
  const script = (name: string) => html`<script src="${assetUrl(name)}" defer></script>`
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Tutti</title>
<link rel="icon" href="${assetUrl('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${assetUrl('app.css')}">
<script src="${assetUrl('theme.js')}"></script>
${script('idiomorph.js')}${scripts.map(script)}${script('app.js')}
</head><body ${stream ? html`data-stream="${stream}"` : ''}>${body}</body></html>`
}

function sidebar({ repository, repositories, path, login, csrf }: FrameFacts): Html {
  const current = (one: string) =>
    one === path || (one === '/' && /^\/(items|runs)\//.test(path)) ? 'page' : undefined
  const link = ({ path: to, label, icon: name }: (typeof pages)[number]) =>
    html`<li><a href="${
      repository ? pageUrl(to, repository) : to
    }" ${current(to) ? html`aria-current="page"` : ''}>${icon(name)}${label}</a></li>`
  return html`<div class="side">
<a class="brand" href="/">${logo()} Tutti</a>
${repository ? chooser(repository, repositories, path) : ''}
${repository ? html`<nav aria-label="Pages"><ul>${pages.map(link)}</ul></nav>` : ''}
<div class="end"><div class="who">${face(login)}<span>${login}</span>
<button class="quiet" type="button" data-switch-theme title="${messages.themeSwitch}"><span class="visually-hidden">${messages.themeSwitch}</span>${icon('moon')}</button>
<form method="post" action="/logout"><input type="hidden" name="csrf" value="${csrf}"><button class="quiet" title="Sign out"><span class="visually-hidden">Sign out</span>${icon('out')}</button></form>
</div></div></div>`
}

function chooser(repository: RepositoryRow, repositories: readonly RepositoryRow[], path: string): Html {
  if (repositories.length < 2) return html`<span class="small muted repo-name">${repository.fullName}</span>`
  const to = /^\/(items|runs)\//.test(path) ? '/' : path
  const option = (one: RepositoryRow) =>
    html`<option value="${one.fullName}" ${one.id === repository.id ? html`selected` : ''}>${one.fullName}</option>`
  return html`<form action="${to}"><label class="visually-hidden" for="repository">Repository</label>
<select id="repository" name="repository" data-go>${repositories.map(option)}</select>
<noscript><button>Go</button></noscript></form>`
}

/** A panel with a heading. */
export function panel(title: string, body: Html, note: Html | string = ''): Html {
  return html`<section class="panel"><header><h2>${title}</h2>${note ? html`<span class="count small muted">${note}</span>` : ''}</header><div class="body">${body}</div></section>`
}

/** What stands where nothing is yet: what that means, and what to do next. */
export function emptyState(what: string, next: Html | string, picture: IconName = 'quiet'): Html {
  return html`<div class="empty">${icon(picture, 26)}<strong>${what}</strong><span>${typeof next === 'string' ? sentence(next) : next}</span></div>`
}
