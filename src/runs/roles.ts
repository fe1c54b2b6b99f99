/** The roles of agents: what each is told and may do is in `src/roles/<role>.md`; what its runs fill in is here. */

import { join } from 'node:path'
import { readOwnFiles } from '../config/front-matter.ts'
import { type Filling, fillGaps, type RoleFile, type RoleShape, readRoleFile } from '../config/role-file.ts'
import type { AgentRole } from '../domain/choose-agent.ts'

const shapes = {
  planner: {
    tools: ['submit_plan', 'submit_breakdown', 'ask'],
    texts: {
      opening: ['repository', 'purpose', 'attempt'],
      Rules: ['fenceRule', 'size', 'questions', 'modules'],
      'Size: one piece of work': [],
      'Size: several pieces of work': [],
      'Questions: several rounds are left': ['questionsLeft'],
      'Questions: one round is left': [],
      'Questions: none is left': [],
    },
  },
  architect: {
    tools: ['submit_proposals'],
    texts: {
      opening: ['repository', 'attempt'],
      Rules: ['fenceRule', 'most'],
    },
  },
  builder: {
    tools: [],
    texts: {
      opening: ['repository', 'branch', 'attempt'],
      'A session that goes on': [],
      'The plan, which was approved': [],
      'What happened before': [],
      Rules: ['fenceRule', 'protectedPaths', 'checks', 'notes'],
    },
  },
  reviewer: {
    tools: ['submit_review'],
    texts: {
      opening: ['repository', 'head', 'fork', 'attempt'],
      'The change: whole': [],
      'The change: too long to show': [],
      Rules: ['fenceRule'],
    },
  },
} as const satisfies Record<AgentRole, RoleShape>

type Texts<Role extends AgentRole> = (typeof shapes)[Role]['texts']
type Gaps<
  Role extends AgentRole,
  Heading extends keyof Texts<Role>,
> = Texts<Role>[Heading] extends readonly (infer Name extends string)[] ? Name : never

let files: Readonly<Record<string, RoleFile>> | undefined

/**
 * Reads the files of all roles; later calls give the same.
 * @param folder absolute path of the files; `src/roles/` when not given.
 * @throws {OperatorError} naming the file and all that does not fit in it.
 */
export function loadRoles(folder?: string): Readonly<Record<string, RoleFile>> {
  if (folder === undefined && files) return files
  const read = readOwnFiles(folder ?? join(import.meta.dirname, '../roles'), Object.keys(shapes), (text, name) =>
    Object.hasOwn(shapes, name)
      ? readRoleFile(text, shapes[name as AgentRole])
      : { problems: [`no run has this role; there are ${Object.keys(shapes).join(', ')}`] },
  )
  if (folder === undefined) files = read
  return read
}

/** What agents of a role may do, and the tools that they hand in with. @throws {OperatorError} as `loadRoles`. */
export function roleFile(role: AgentRole): RoleFile {
  const file = loadRoles()[role]
  if (!file) throw new Error(`the role ${role} has no file`)
  return file
}

/**
 * What agents of a role are told under a heading of its file.
 * @param values what fills the gaps there; nothing where it has none.
 * @throws {OperatorError} as `loadRoles`.
 */
export function roleText<Role extends AgentRole, Heading extends keyof Texts<Role> & string>(
  role: Role,
  heading: Heading,
  ...[values]: [Gaps<Role, Heading>] extends [never] ? [] : [Record<Gaps<Role, Heading>, Filling>]
): string {
  return fillGaps(roleFile(role).texts[heading] ?? '', values ?? {})
}
