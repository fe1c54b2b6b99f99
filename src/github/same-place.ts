/** What every call has in common besides its limits: the version of the API, and pages from where the first one came. */

import type { ProbotOctokit } from 'probot'

/**
 * Without it GitHub takes the default version, which changes (docs.github.com, "API Versions"). This one is what GitHub
 * Enterprise Server has known since 3.9.
 */
const apiVersion = '2022-11-28'

/** Plug-in of Octokit. */
export function samePlace(octokit: Pick<InstanceType<typeof ProbotOctokit>, 'hook'>): void {
  octokit.hook.before('request', (options) => {
    options.headers['x-github-api-version'] ??= apiVersion
  })
  octokit.hook.after('request', (response, options) => {
    const { link } = response.headers
    if (!link) return
    const asked = options.url.startsWith('http') ? options.url : response.url
    response.headers.link = pagesOf(link, asked)
  })
}

/**
 * A `Link` header whose pages are at the address that was asked: only number and cursor are taken from GitHub. A server
 * behind another name gives its own, which may not be reached from here, and which must not get our token.
 */
export function pagesOf(link: string, asked: string): string {
  const pages = [...link.matchAll(/<([^<>]+)>;\s*rel="(\w+)"/g)].flatMap(([, address = '', rel]) => {
    const page = new URL(asked)
    page.search = new URL(address, asked).search
    // A page that names itself as the next one would be read for ever.
    return page.href === new URL(asked).href ? [] : [`<${page.href}>; rel="${rel}"`]
  })
  return pages.join(', ')
}
