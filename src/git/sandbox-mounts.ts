/** What a sandbox must let an agent write, and what not. */

import { join } from 'node:path'
import type { Worktree } from './worktree-records.ts'

/** Absolute paths for a sandbox to bind. */
export interface SandboxMounts {
  writable: string[]
  /** Present, and read by git or by us. */
  readOnly: string[]
  /**
   * Inside the writable tree, perhaps not there yet, and not to be made either: programs of people and of later agents
   * obey them. A sandbox that binds an empty file or folder over each must remove it again afterwards.
   */
  neverCreate: string[]
}

/**
 * Settings that a program obeys when it merely starts in a folder, so that a file made by one agent would act in the
 * next one's run, or on a person's machine, before any review. Each from its program's documentation.
 */
const startupFiles = [
  '.claude/settings.json',
  '.claude/settings.local.json',
  '.claude/hooks',
  '.mcp.json',
  '.codex/config.toml',
  '.gemini/settings.json',
  '.opencode/plugin',
  'opencode.json',
  '.envrc',
  '.vscode/settings.json',
  '.vscode/tasks.json',
]

/**
 * The paths for one worktree. In a scratch repository the agent owns its `.git` too; it still reads objects of the
 * bare clone, which stays read-only.
 * @param bareDir the bare clone's folder
 */
export function sandboxMountsOf(worktree: Pick<Worktree, 'path' | 'scratch'>, bareDir: string): SandboxMounts {
  const neverCreate = startupFiles.map((path) => join(worktree.path, path))
  const readOnly = worktree.scratch ? [bareDir] : [join(worktree.path, '.git'), bareDir]
  return { writable: [worktree.path], readOnly, neverCreate }
}
