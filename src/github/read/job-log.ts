/** The log of one job of GitHub Actions: a redirect to a text file of any size. */

import type { Octokit } from '../client.ts'

/**
 * Reads the beginning and the end of a log, `limit` bytes together; what is between them is passed over.
 * @throws Octokit's error: 404 or 410 when GitHub has it no longer.
 */
export async function readLogOfJob(
  octokit: Octokit,
  job: { owner: string; repo: string; job_id: number },
  limit: number,
): Promise<string> {
  const answer = await octokit.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', {
    ...job,
    // A log can have gigabytes: it must not be taken in as a whole.
    request: { parseSuccessResponseBody: false },
  })
  return readEnds(answer.data as unknown as AsyncIterable<Uint8Array>, limit)
}

/** The first and the last half of `limit` bytes of a stream, as text; a line says how much is missing between. */
export async function readEnds(stream: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const half = Math.floor(limit / 2)
  let head = Buffer.alloc(0)
  let tail = Buffer.alloc(0)
  let total = 0
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  for await (const chunk of stream) {
    total += chunk.length
    const begun = chunk.subarray(0, half - head.length)
    if (begun.length > 0) head = Buffer.concat([head, begun])
    waiting.push(chunk.subarray(begun.length))
    waitingBytes += chunk.length - begun.length
    // Joined only now and then: a log comes in many small pieces.
    if (waitingBytes < half) continue
    tail = Buffer.concat([tail, ...waiting]).subarray(-half)
    waiting = []
    waitingBytes = 0
  }
  tail = Buffer.concat([tail, ...waiting]).subarray(-half)
  const missing = total - head.length - tail.length
  const between = missing > 0 ? `\n… ${missing} bytes left out …\n` : ''
  return head.toString('utf8') + between + tail.toString('utf8')
}
