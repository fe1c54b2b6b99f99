/** The log of REST calls, which tests and the demo read. */

export interface ApiCall {
  method: string
  /** `POST /repos/{owner}/{repo}/pulls`; for an address that no route answers, the address itself. */
  route: string
  path: string
  /** The request's JSON body, if it had one. */
  body: unknown
  /** 0 when no answer was sent. */
  status: number
  /** Counts against GitHub's limits for writes: everything but GET and minting tokens. */
  write: boolean
  /** `POST …/access_tokens`, which GitHub counts apart. */
  minting: boolean
  /** Kind of the fault that hit it. */
  fault?: string
  at: Date
}

export interface CallLog {
  /** Every call, oldest first. */
  all: ApiCall[]
  /** Those that no route answers. */
  unknown: ApiCall[]
}

/** Calls so far, minting left out. */
export function countCalls(calls: ApiCall[]): { reads: number; writes: number } {
  const counted = calls.filter((call) => !call.minting)
  const writes = counted.filter((call) => call.write).length
  return { reads: counted.length - writes, writes }
}

/** The most writes in any `windowMs`; GitHub allows 80 content-creating requests a minute and 500 an hour. */
export function busiestWrites(calls: ApiCall[], windowMs: number): number {
  const times = calls.filter((call) => call.write).map((call) => call.at.getTime())
  let most = 0
  let start = 0
  for (const [end, time] of times.entries()) {
    while ((times[start] ?? time) <= time - windowMs) start += 1
    most = Math.max(most, end - start + 1)
  }
  return most
}
