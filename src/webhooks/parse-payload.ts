/** A stored payload becomes values, cleaned once and for everybody behind. Pure. */

/** Escapes of what Postgres text cannot hold (NUL) or UTF-8 cannot say (half of a surrogate pair). */
const suspicious = /\\u(?:0000|d[89a-f])/i

/**
 * Parses the JSON of a delivery. Every text in it is free of NUL and of lone surrogates, whatever the field.
 * @throws {SyntaxError} when it is no JSON.
 */
export function parsePayload(json: string): unknown {
  // A reviver is called for each value: most payloads need none.
  if (!suspicious.test(json)) return JSON.parse(json)
  return JSON.parse(json, (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value,
  )
}
