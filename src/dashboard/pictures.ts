/** Pictures that gates left: as a panel of a page, and as files. A program of the repository made them, so nothing in one may run. */

import type { Context } from 'hono'
import { findPicture, type PictureRow } from '../db/pictures.ts'
import { type RepositoryRow, repositoryByName } from '../db/repositories.ts'
import { permits } from '../domain/permissions.ts'
import { picturePath } from '../domain/pictures.ts'
import { noSuchPicture } from '../messages/dashboard.ts'
import { safeHeaders, sendText } from './answer.ts'
import { type Html, html } from './html.ts'
import type { DashboardServices } from './services.ts'
import type { Visitor } from './visitor.ts'

/** Small pictures that lead to the whole ones. */
export function pictureGrid(repo: RepositoryRow, pictures: readonly PictureRow[]): Html {
  if (pictures.length === 0) return html``
  const figure = ({ name, digest }: PictureRow) => {
    const path = picturePath(repo.fullName, digest)
    return html`<li><a href="${path}" target="_blank" rel="noopener"><img src="${path}" alt="${name}" loading="lazy" decoding="async"><span class="small">${name}</span></a></li>`
  }
  return html`<ul class="pictures">${pictures.map(figure)}</ul>`
}

/** `/pictures/<owner>/<name>/<digest>`, for who may read the repository. The address never shows anything else. */
export async function sendPicture(
  context: Context,
  { services, visitor }: { services: DashboardServices; visitor: Visitor },
): Promise<Response> {
  const { owner, name, digest = '' } = context.req.param() as Record<string, string>
  const repo = /^[0-9a-f]{64}$/.test(digest) ? await repositoryByName(services.store.db, `${owner}/${name}`) : undefined
  const allowed = repo !== undefined && permits(await visitor.permissionIn(repo), 'read')
  const picture = allowed ? await findPicture(services.store.db, repo.id, digest) : undefined
  if (!picture) return sendText(noSuchPicture, 404)
  const headers = {
    ...safeHeaders(),
    'content-security-policy': "default-src 'none'; sandbox",
    'content-type': picture.type,
    'content-disposition': `inline; filename*=UTF-8''${encodeURIComponent(picture.name.split('/').at(-1) ?? '')}`,
    // Asked for again each time, so that who may no longer read the repository sees it no longer.
    'cache-control': 'private, no-cache',
    etag: `"${digest}"`,
  }
  if (context.req.header('if-none-match') === headers.etag) return new Response(null, { status: 304, headers })
  return new Response(new Uint8Array(picture.content), { headers })
}
