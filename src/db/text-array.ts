/** Values of `text[]` as Postgres reads them in binary: no quoting, and no more than one copy of the bytes. */

/** Its fixed number in every Postgres (`pg_type.dat`). */
const textOid = 25
/** Dimensions, a flag for nulls, the type, and for the one dimension its length and lower bound. */
const headBytes = 20

/** The array as `array_recv` takes it (Postgres, `arrayfuncs.c`); the driver sends a Buffer in binary. */
export function textArray(values: readonly (string | Buffer)[]): Buffer {
  const sizes = values.map((value) => Buffer.byteLength(value))
  const all = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + 4 + size, headBytes))
  let at = 0
  for (const word of [1, 0, textOid, values.length, 1]) at = all.writeInt32BE(word, at)
  for (const [index, value] of values.entries()) {
    const size = sizes[index] ?? 0
    at = all.writeInt32BE(size, at)
    if (typeof value === 'string') all.write(value, at)
    else value.copy(all, at)
    at += size
  }
  return all
}
