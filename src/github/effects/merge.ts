import type { EffectHandler } from './lib/handler.ts'

/** The merge of a pull request at the commit that was reviewed. */
export const effect: EffectHandler<'merge'> = {
  kind: 'merge',
  async publish({ pullNumber, sha, method, title, message }, { octokit, at, mayExist, notFound, clean }) {
    const pull = { ...at, pull_number: pullNumber }
    if (mayExist) {
      const { data } = await octokit.rest.pulls.get(pull)
      if (data.merged) return { mergedSha: data.merge_commit_sha }
      notFound()
    }
    // `sha` makes GitHub refuse (409) when the head is no longer the one that was reviewed.
    const { data } = await octokit.rest.pulls.merge({
      ...pull,
      sha,
      merge_method: method,
      ...(method === 'rebase' ? {} : { commit_title: clean(title), commit_message: clean(message) }),
    })
    return { mergedSha: data.sha }
  },
}
