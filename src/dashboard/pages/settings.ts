/** The settings as they are in force, each with where its value comes from. */

import { type EnvironmentVariable, environmentVariables } from '../../config/env.ts'
import { defaultSettings, settingsPath } from '../../config/settings.ts'
import { settingsOf } from '../../db/repository-settings.ts'
import { permits } from '../../domain/permissions.ts'
import * as messages from '../../messages/dashboard-pages.ts'
import { panel } from '../frame.ts'
import { type Html, html } from '../html.ts'
import { sentence } from '../markdown.ts'
import type { Page, PageRequest } from '../page.ts'
import { pill } from '../words.ts'

interface Line {
  name: string
  value: string
  from: 'file' | 'default'
}

/** `/settings` */
export const settingsPage: Page = {
  path: '/settings',
  async render(request) {
    const { repo } = request
    const lines = linesOf(settingsOf(repo), defaultSettings())
    const own = lines.filter(({ from }) => from === 'file')
    const read = repo.settingsSha ? html`, as of <code>${repo.settingsSha.slice(0, 10)}</code>` : ''
    const problem = repo.settingsError
      ? html`<div class="notice">${messages.fileCannotBeUsed(repo.settingsError)}</div>`
      : ''
    const intro =
      own.length === 0
        ? html`<p class="muted">${sentence(messages.nothingIsSet(settingsPath, repo.defaultBranch))}</p>`
        : ''
    return {
      title: 'Settings',
      where: html`<span><code>${settingsPath}</code> of ${repo.fullName} on <code>${repo.defaultBranch}</code>${read}</span>`,
      main: html`${problem}<div class="stack">${panel(messages.ofRepository, html`<div class="stack">${intro}${table(lines)}</div>`, `${own.length} set`)}${operatorPanel(request)}</div>`,
    }
  },
}

/** Every setting by its path. What the file says in the same words as the default counts as the default. */
export function linesOf(settings: unknown, defaults: unknown, path = ''): Line[] {
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isMap(settings) && Object.keys(settings).length > 0)
    return Object.entries(settings).flatMap(([name, value]) =>
      value === undefined
        ? []
        : linesOf(value, isMap(defaults) ? defaults[name] : undefined, path ? `${path}.${name}` : name),
    )
  const same = JSON.stringify(settings) === JSON.stringify(defaults)
  return [{ name: path, value: shown(settings), from: same ? 'default' : 'file' }]
}

function shown(value: unknown): string {
  if (Array.isArray(value) || (typeof value === 'object' && value !== null)) {
    const text = JSON.stringify(value)
    return text === '[]' || text === '{}' ? 'none' : text
  }
  return value === '' ? '(empty)' : String(value)
}

function table(lines: readonly Line[]): Html {
  const row = ({ name, value, from }: Line) =>
    html`<tr><td class="mono">${name}</td><td class="mono">${value}</td><td>${from === 'file' ? pill('accent', 'file') : pill('calm', 'default')}</td></tr>`
  const sorted = lines.toSorted((a, b) => Number(b.from === 'file') - Number(a.from === 'file'))
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${messages.settingsOfRepository}"><table><thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th></tr></thead><tbody>${sorted.map(row)}</tbody></table></div>`
}

/** Values of these are never shown: they are secrets, or addresses that hold one. */
const secret = /KEY|SECRET|TOKEN|PASSWORD|_URL$|^GITHUB_CLIENT_ID$/
const plainUrls = ['GITHUB_API_URL']

/** What the operator has set, for those who administer the repository. */
function operatorPanel({ services, permission }: PageRequest): Html {
  if (!permits(permission, 'admin'))
    return panel(messages.ofInstallation, html`<p class="muted">${messages.operatorSettingsHidden}</p>`)
  const row = (variable: EnvironmentVariable) => {
    const value = services.env.source[variable.name]
    const isSet = value !== undefined && value !== ''
    const hidden = secret.test(variable.name) && !plainUrls.includes(variable.name)
    const text = isSet ? (hidden ? 'set, not shown' : value) : (variable.default ?? 'not set')
    return {
      isSet,
      html: html`<tr><td class="mono">${variable.name}</td><td class="mono">${text}</td><td>${isSet ? pill('accent', 'environment') : pill('calm', 'default')}</td><td class="small muted">${sentence(variable.description)}</td></tr>`,
    }
  }
  const rows = environmentVariables()
    .map(row)
    .toSorted((a, b) => Number(b.isSet) - Number(a.isSet))
  return panel(
    messages.ofInstallation,
    html`<div class="scroll" tabindex="0" role="region" aria-label="${messages.settingsOfInstallation}"><table><thead><tr><th scope="col">Variable</th><th scope="col">Value</th><th scope="col">From</th><th scope="col">What it does</th></tr></thead><tbody>${rows.map((one) => one.html)}</tbody></table></div>`,
    sentence(messages.fromEnvironment),
  )
}
