import type { Annotation } from '../../domain/annotations.ts'
import { isUnsupported } from '../http-status.ts'
import type { EffectContext, EffectHandler } from './lib/handler.ts'

/** What the gates found on a commit. Its `external_id` is the marker. */
export const effect: EffectHandler<'check-run'> = {
  kind: 'check-run',
  async publish({ sha, name, conclusion, title, summary, text, annotations = [] }, context) {
    const { octokit, at, before, clean } = context
    const output = { title: clean(title), summary: clean(summary), text: clean(text) }
    const run = { name, status: 'completed' as const, conclusion, output, external_id: context.key }
    try {
      // The same commit judged once more has the same check run.
      const known = typeof before.id === 'number' ? before.id : undefined
      const lost = known === undefined && context.mayExist ? await findCheckRun(sha, name, context) : undefined
      if (lost && saysTheSame(lost, run)) return { id: lost.id }
      const existing = known ?? lost?.id
      if (existing !== undefined) {
        await octokit.rest.checks.update({ ...at, check_run_id: existing, ...run })
        return { id: existing }
      }
      // GitHub adds the annotations of an update to those that are there, so they are given once.
      const marked = annotations.length > 0 ? { ...output, annotations: marksOf(annotations, clean) } : output
      const { data } = await octokit.rest.checks.create({ ...at, head_sha: sha, ...run, output: marked })
      return { id: data.id }
    } catch (error) {
      if (!isUnsupported(error)) throw error
      context.missing('check runs')
      return {}
    }
  },
}

function marksOf(annotations: readonly Annotation[], clean: EffectContext['clean']) {
  return annotations.map(({ path, line, message }) => ({
    ...{ path, start_line: line, end_line: line },
    ...{ annotation_level: 'failure' as const, message: clean(message) },
  }))
}

async function findCheckRun(ref: string, name: string, context: EffectContext) {
  const { octokit, at, key } = context
  const { data } = await octokit.rest.checks.listForRef({ ...at, ref, check_name: name, per_page: 100 })
  const mine = data.check_runs.find((run) => run.external_id === key)
  if (!mine) context.notFound()
  return mine
}

interface Said {
  conclusion?: string | null
  output: { title: string | null; summary: string | null; text: string | null }
}

function saysTheSame(one: Said, other: Said): boolean {
  const parts = ({ conclusion, output: { title, summary, text } }: Said) => [conclusion, title, summary, text ?? '']
  return parts(one).join('\n') === parts(other).join('\n')
}
