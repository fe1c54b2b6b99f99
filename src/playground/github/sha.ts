/** Commit ids have a type of their own; only `sha` makes one. */

declare const brand: unique symbol
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }

/** A full commit id: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits. */
export type ObjectId = Brand<string, 'Sha'>

/** @throws {TypeError} when `text` is not a full commit id. */
export function objectId(text: string): ObjectId {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text))
    throw new TypeError(`not a full commit id: ${JSON.stringify(text)}`)
  return text as ObjectId
}
