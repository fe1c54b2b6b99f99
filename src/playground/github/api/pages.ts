/** GitHub's pagination: `per_page` (30, at most 100) and `page`, with `Link` headers. */
import type { Call, RouteAnswer } from './route.ts'

/** One page of `items`, already as response bodies or turned into them by `body`. */
export function paged<T>(call: Call, items: T[], body: (item: T) => unknown): RouteAnswer {
  const { slice, headers } = cut(call, items)
  return { body: slice.map(body), headers }
}

/** One page inside an object that also has the total. */
export function pagedIn<T>(call: Call, name: string, items: T[], body: (item: T) => unknown): RouteAnswer {
  const { slice, headers } = cut(call, items)
  return { body: { total_count: items.length, [name]: slice.map(body) }, headers }
}

/** `per_page` as asked, inside GitHub's bounds. */
export function perPage(call: Call): number {
  return Math.min(100, Math.max(1, wholeNumber(call.query.get('per_page'), 30)))
}

function cut<T>(call: Call, items: T[]): { slice: T[]; headers: Record<string, string> } {
  const size = perPage(call)
  const page = Math.max(1, wholeNumber(call.query.get('page'), 1))
  const last = Math.max(1, Math.ceil(items.length / size))
  const links: Record<string, number> = {}
  if (page > 1) Object.assign(links, { prev: page - 1 })
  if (page < last) Object.assign(links, { next: page + 1, last })
  if (page > 1) Object.assign(links, { first: 1 })
  const link = Object.entries(links).map(([rel, number]) => linkTo(call, { page: String(number) }, rel))
  const headers: Record<string, string> = link.length > 0 ? { link: link.join(', ') } : {}
  return { slice: items.slice((page - 1) * size, page * size), headers }
}

/** One entry of a `Link` header: the present address with these query parameters changed. */
export function linkTo(call: Call, query: Record<string, string>, rel: string): string {
  const url = new URL(call.url)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return `<${url}>; rel="${rel}"`
}

function wholeNumber(text: string | null, otherwise: number): number {
  const number = Number(text ?? otherwise)
  return Number.isSafeInteger(number) ? number : otherwise
}
