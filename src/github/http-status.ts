/** The HTTP status of what Octokit throws, and what a status means to us. */

/** The HTTP status of an Octokit error, 0 for anything else. */
export function httpStatusOf(error: unknown): number {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
    ? error.status
    : 0
}

/** Whether GitHub does not have it: 404, or 410 for what was deleted or switched off. */
export function isGone(error: unknown): boolean {
  return [404, 410].includes(httpStatusOf(error))
}

/** Whether the server may lack the endpoint: as `isGone`, or 501, which servers that speak GitHub's API answer. */
export function isUnsupported(error: unknown): boolean {
  return isGone(error) || httpStatusOf(error) === 501
}
