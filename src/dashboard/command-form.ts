/** A button that gives a command. Whoever may not give it sees it greyed out, with the reason. */

import { neededPermission } from '../commands/lib/give-command.ts'
import { permits } from '../domain/permissions.ts'
import { needsPermission } from '../messages/dashboard.ts'
import { type Html, html } from './html.ts'
import type { PageRequest } from './page.ts'

/** What a button does. */
export interface CommandButton {
  command: string
  label: string
  /** The number of the issue or pull request that it is given on. */
  on?: number
  /** Arguments that the button itself carries. */
  args?: Readonly<Record<string, string>>
  /** Arguments that the person writes: fields named `arg.<name>`. */
  fields?: Html
  /** The page to come back to. */
  back: string
  primary?: boolean
  danger?: boolean
  /** Asked before it is sent. */
  confirm?: string
}

/** The form of a button; nothing where the command does not exist. */
export function commandForm({ services, visitor, repo, permission }: PageRequest, button: CommandButton): Html {
  const command = services.commands.get(button.command)
  if (!command) return html``
  const needed = neededPermission(command)
  const allowed = permits(permission, needed)
  const look = button.primary ? 'primary' : button.danger ? 'danger' : ''
  const hidden = (name: string, value: string | number) =>
    html`<input type="hidden" name="${name}" value="${String(value)}">`
  return html`<form method="post" action="/commands" ${button.confirm ? html`data-confirm="${button.confirm}"` : ''}>
${hidden('csrf', visitor.csrf)}${hidden('command', button.command)}${hidden('repository', repo.fullName)}${hidden('back', button.back)}
${button.on === undefined ? '' : hidden('on', button.on)}${Object.entries(button.args ?? {}).map(([name, value]) => hidden(`arg.${name}`, value))}
${button.fields ?? ''}<button class="${look}" ${allowed ? html`title="${command.summary}"` : html`disabled title="${needsPermission(needed, repo.fullName)}"`}>${button.label}</button></form>`
}
