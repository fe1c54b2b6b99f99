/** A command that a person gives with a form, and its reply on the page that follows. */

import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { z } from 'zod'
import type { Command } from '../commands/command.ts'
import { giveCommand } from '../commands/lib/give-command.ts'
import { PermissionUnavailable } from '../github/permissions.ts'
import { NoSuchThing, NotAllowed, UserError } from '../lib/errors.ts'
import { truncate } from '../lib/sanitise-text.ts'
import * as messages from '../messages/dashboard.ts'
import { sendText } from './answer.ts'
import type { DashboardServices } from './services.ts'
import { safePath } from './sign-in.ts'
import { cookieName, cookieOptions, isOwnForm, type PublicAddress, type Visitor } from './visitor.ts'

/** The reply waits in a cookie for the next page, which shows it once. Browsers keep 4 kB of a cookie. */
const longestReply = 1_500

/** A reply as the next page shows it. */
export interface Flash {
  text: string
  outcome: 'done' | 'refused'
}

/**
 * Carries out the command of a form: `command`, `repository`, `on`, and `arg.<name>` for its arguments; an argument that
 * is empty is not given. Then the browser goes back to `back`.
 */
export async function giveByForm(context: Context, services: DashboardServices, visitor: Visitor): Promise<Response> {
  const form = await context.req.parseBody()
  const field = (name: string) => (typeof form[name] === 'string' ? form[name] : '')
  if (!isOwnForm(context, services.env, visitor, form.csrf)) return sendText(messages.foreignForm, 403)
  const command = services.commands.get(field('command'))
  if (!command) return sendText(messages.unknownCommandName, 404)
  const number = Number(field('on'))
  const on = Number.isSafeInteger(number) && number > 0 ? number : undefined
  const flash = await attempt(services, {
    ...{ command, args: argumentsOf(command, form), repository: field('repository'), on },
    ...{ caller: visitor.caller, door: 'dashboard' as const },
  })
  if (flash instanceof Response) return flash
  const text = Buffer.from(JSON.stringify({ ...flash, text: truncate(flash.text, longestReply) })).toString('base64url')
  setCookie(context, cookieName(context, services.env, 'reply'), text, cookieOptions(context, services.env, 60))
  return context.redirect(safePath(field('back')), 303)
}

async function attempt(
  services: DashboardServices,
  call: Parameters<typeof giveCommand>[1],
): Promise<Flash | Response> {
  try {
    const { text, outcome } = await giveCommand(services, call)
    return { text, outcome }
  } catch (error) {
    if (error instanceof NoSuchThing) return sendText(messages.noSuchPlace, 404)
    if (error instanceof PermissionUnavailable) return { text: messages.permissionUnknown, outcome: 'refused' }
    if (error instanceof NotAllowed || error instanceof UserError)
      return { text: error.toMarkdown(), outcome: 'refused' }
    throw error
  }
}

/** The texts of a form as the arguments that the command takes: numbers and switches are made of them. */
function argumentsOf(command: Command, form: Record<string, unknown>): Record<string, unknown> {
  const given = Object.entries(form).flatMap(([name, value]) =>
    name.startsWith('arg.') && typeof value === 'string' && value.trim() !== '' ? [[name.slice(4), value]] : [],
  )
  const shape: Record<string, z.ZodType> = command.args.shape
  return Object.fromEntries(
    given.map(([name = '', value = '']) => {
      const kind = Object.hasOwn(shape, name) ? kindOf(shape[name]) : 'string'
      if (kind === 'number') return [name, Number(value)]
      if (kind === 'boolean') return [name, value === 'true']
      return [name, kind === 'array' ? value.split(/\s+/) : value]
    }),
  )
}

function kindOf(type: z.ZodType | undefined): string {
  const definition = type?.def as { type: string; innerType?: z.ZodType } | undefined
  return definition?.innerType ? kindOf(definition.innerType) : (definition?.type ?? 'string')
}

/** The reply that waits for this page; it is shown once. */
export function takeFlash(context: Context, env: PublicAddress): Flash | undefined {
  const name = cookieName(context, env, 'reply')
  const kept = getCookie(context, name)
  if (!kept) return undefined
  deleteCookie(context, name, cookieOptions(context, env, 0))
  try {
    const { text, outcome } = JSON.parse(Buffer.from(kept, 'base64url').toString()) as Record<string, unknown>
    return { text: String(text), outcome: outcome === 'done' ? 'done' : 'refused' }
  } catch {
    return undefined
  }
}
