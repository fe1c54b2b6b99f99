/** Collects what a command writes, byte for byte and up to a limit. */

/** Bytes of standard error that are kept. */
const maxErrorBytes = 64 * 1024

/** Output that was collected so far. */
export interface Collected {
  bytes(): Buffer
  /** True once more came than `maxBytes`. */
  overflowed(): boolean
}

/**
 * Collects the first `maxBytes` bytes of a stream.
 * @param onOverflow called once, when more bytes come
 */
export function collectBytes(
  stream: NodeJS.ReadableStream | null,
  maxBytes = maxErrorBytes,
  onOverflow: () => void = () => {},
): Collected {
  const chunks: Buffer[] = []
  let count = 0
  stream?.on('data', (chunk: Buffer) => {
    if (count < maxBytes) chunks.push(chunk.subarray(0, maxBytes - count))
    const before = count
    count += chunk.length
    if (before <= maxBytes && count > maxBytes) onOverflow()
  })
  return { bytes: () => Buffer.concat(chunks), overflowed: () => count > maxBytes }
}
