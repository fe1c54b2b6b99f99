/** Words of a person or a program to the crew. */

import { sendMessage } from '../../crew/route.ts'
import type { Message } from '../../db/messages.ts'
import { UserError } from '../../lib/errors.ts'
import * as messages from '../../messages/commands/crew.ts'
import type { CommandContext } from '../command.ts'

/**
 * Sends a message.
 * @param message.to a name or a handle, `all`, or '' for the channel alone.
 * @throws {UserError} when it has no text, no one is called so, or none of those meant is there.
 */
export async function say(
  { tx, repo, item, actor, settings }: CommandContext,
  { to, text, channel }: { to: string; text: string; channel?: string | undefined },
): Promise<{ message: Message; readers: string[] }> {
  if (text.trim() === '') throw new UserError(...messages.messageMissing(settings.prefix))
  const from = { login: actor.login }
  const about = { repositoryId: repo.id, item, ...(channel === undefined ? {} : { channel }) }
  // What a person writes in a comment is public there already.
  const sent = await sendMessage(tx, { ...about, from, to, text, redact: (one) => one })
  if ('refused' in sent) throw new UserError(sent.refused, messages.crewLists(settings.prefix))
  if (sent.readers.length === 0 && to !== '') throw new UserError(...messages.noReader(settings.prefix))
  return sent
}
