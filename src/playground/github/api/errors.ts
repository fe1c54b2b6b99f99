/** Refusals as GitHub words them. */
import type { RefusalDetail } from '../model.ts'

const DOCS = 'https://docs.github.com/rest'

/** `{message, errors?, documentation_url, status}` */
export function errorBody(status: number, message: string, errors?: RefusalDetail[]) {
  const secondary = message.includes('secondary rate limit')
  return {
    message,
    ...(errors ? { errors } : {}),
    documentation_url: secondary ? `${DOCS}/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits` : DOCS,
    status: String(status),
  }
}
