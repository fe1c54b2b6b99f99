/** Pictures that gates left for people. */

import { index, pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { PictureType } from '../../domain/pictures.ts'
import { id, now, number64 } from './columns.ts'
import { workItems } from './work-items.ts'

/** The content of pictures, each once: every attempt leaves mostly the same ones. */
export const pictures = pgTable(
  'pictures',
  {
    /** SHA-256 of the content, as hexadecimal digits. */
    digest: text('digest').primaryKey(),
    type: text('type').$type<PictureType>().notNull(),
    /** In base64. */
    content: text('content').notNull(),
    createdAt: now(),
  },
  (table) => [index('pictures_created').on(table.createdAt)],
)

/** Which pictures a gate left on a commit, in the order of their names. */
export const gatePictures = pgTable(
  'gate_pictures',
  {
    id: id(),
    workItemId: number64('work_item_id')
      .notNull()
      .references(() => workItems.id),
    sha: text('sha').notNull(),
    gate: text('gate').notNull(),
    name: text('name').notNull(),
    digest: text('digest')
      .notNull()
      .references(() => pictures.digest),
    createdAt: now(),
  },
  (table) => [
    unique('gate_pictures_once').on(table.workItemId, table.sha, table.gate, table.name),
    index('gate_pictures_digest').on(table.digest),
    index('gate_pictures_created').on(table.createdAt),
  ],
)
