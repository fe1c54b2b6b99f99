/** What people say to an agent in a review, and what the agent answers: finding both in texts. */

import { plainLines } from '../lib/markdown/plain-lines.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'

/**
 * Whether a comment addresses the app: it mentions `@slug` in running text. A mention in code or in a quote does not.
 * @param slug the app's name in mentions, such as `tutti`.
 */
export function addressesApp(body: string, slug: string): boolean {
  const name = slug.replace(/[^\w-]/g, '')
  const mention = new RegExp(`(?:^|[^\\w@/.-])@${name}(?:\\[bot\\])?(?![\\w-])`, 'i')
  return mention.test(body) && plainLines(body).some((line) => mention.test(line.content))
}

/** What an agent says about one numbered comment. `settled`: it says that it has done it. */
export interface ReviewAnswer {
  settled: boolean
  text: string
}

/** `R1 done: renamed it`, `- **R2** not done: why`, `R3: text`. */
const answerLine =
  /^\s*(?:[-*]\s+)?\**R(\d{1,3})\**\s*[:.)–—-]?\s*\**(?:(done|fixed)|(not done|left open|open))?\**\s*(?:[:.–—-]\s*|\s+|$)(.*)$/i

/**
 * Takes an agent's answers to numbered comments out of its last message. The last answer to a number counts.
 * @returns the answers by number, and the message without their lines.
 */
export function readReviewAnswers(message: string): { answers: Map<number, ReviewAnswer>; rest: string } {
  const answers = new Map<number, ReviewAnswer>()
  const others: string[] = []
  for (const line of message.split('\n')) {
    const [, number, done, , text = ''] = answerLine.exec(line) ?? []
    if (number === undefined) others.push(line)
    else answers.set(Number(number), { settled: done !== undefined, text: firstCharacters(text.trim(), 2_000) })
  }
  return { answers, rest: others.join('\n').trim() }
}
