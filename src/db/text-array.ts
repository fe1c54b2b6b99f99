/** Values of `text[]` in the binary format of Postgres: no quoting, and only one copy of the bytes. */

/** The oid of `text` in every Postgres (`pg_type.dat`). */
const textOid = 25
/** Dimensions, a flag for nulls, the type, and for the one dimension its length and lower bound. */
const headBytes = 20

/** The array as `array_recv` reads it (Postgres, `arrayfuncs.c`). The driver sends a Buffer in binary. */
export function textArray(values: readonly (string | Buffer)[]): Buffer {
  const sizes = values.map((value) => Buffer.byteLength(value))
  const all = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + 4 + size, headBytes))
  let at = 0
  for (const field of [1, 0, textOid, values.length, 1]) at = all.writeInt32BE(field, at)
  for (const [index, value] of values.entries()) {
    const size = sizes[index] ?? 0
    at = all.writeInt32BE(size, at)
    if (typeof value === 'string') all.write(value, at)
    else value.copy(all, at)
    at += size
  }
  return all
}
