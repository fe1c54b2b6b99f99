/** What a page is. */

import type { RepositoryRow } from '../db/repositories.ts'
import type { Permission } from '../domain/github.ts'
import type { View } from './frame.ts'
import type { DashboardServices } from './services.ts'
import type { Visitor } from './visitor.ts'

/** One request for a page of one repository, which the visitor may read. */
export interface PageRequest {
  services: DashboardServices
  visitor: Visitor
  repo: RepositoryRow
  /** What the visitor may do there. */
  permission: Permission
  /** The words of the path, such as `number`. */
  words: Readonly<Record<string, string>>
  query(name: string): string | undefined
}

/** A page at a path. */
export interface Page {
  path: string
  /** The repository that the words of the path mean; absent: the query names it, or it is the only one. */
  repositoryOf?(
    services: DashboardServices,
    words: Readonly<Record<string, string>>,
  ): Promise<RepositoryRow | undefined>
  /** @returns undefined when there is no such thing in this repository. */
  render(request: PageRequest): Promise<View | undefined>
}
