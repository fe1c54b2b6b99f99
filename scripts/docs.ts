/** `npm run docs`: writes the parts of the documents that follow from the code. */

import { writeFile } from 'node:fs/promises'
import { staleDocuments } from './docs/documents.ts'

const stale = await staleDocuments()
for (const { path, text } of stale) {
  await writeFile(path, text)
  console.log(`written: ${path}`)
}
if (stale.length === 0) console.log('every document is up to date')
