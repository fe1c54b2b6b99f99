import { firstCharacters } from '../../lib/sanitise-text.ts'
import type { EffectContext, EffectHandler, EffectResult } from './lib/handler.ts'
import { ending, marker } from './lib/marker.ts'

/** GitHub refuses longer titles. */
const maxTitle = 256

/** An issue that is created once. */
export const effect: EffectHandler<'create-issue'> = {
  kind: 'create-issue',
  async publish({ title, body, labels }, context) {
    const { octokit, at, before, mayExist, clean } = context
    if (typeof before.number === 'number') return before
    const found = mayExist ? await findIssue(context) : undefined
    if (found !== undefined) return found
    const text = { title: firstCharacters(clean(title), maxTitle), body: clean(body, ending(context.key)) }
    const { data } = await octokit.rest.issues.create({ ...at, ...text, labels })
    return resultOf(data)
  },
}

/** The issue that was created before an answer was lost, among those that the app has opened. */
async function findIssue(context: EffectContext): Promise<EffectResult | undefined> {
  const { octokit, at, key, botLogin } = context
  const parameters = { ...at, creator: botLogin, state: 'all' as const, per_page: 100 }
  for await (const page of octokit.paginate.iterator(octokit.rest.issues.listForRepo, parameters)) {
    const mine = page.data.find((issue) => issue.body?.includes(marker(key)))
    if (mine) return resultOf(mine)
  }
  context.notFound()
  return undefined
}

/** The text is kept as GitHub has it: later texts are compared with it. */
function resultOf(issue: { number: number; id: number; html_url: string; title: string; body?: string | null }) {
  const { number, id, html_url: url, title, body } = issue
  return { number, id, url, title, body: body ?? '' }
}
