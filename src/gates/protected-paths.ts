import { matchesGlob } from 'node:path'
import * as messages from '../messages/gates.ts'
import type { Gate, GateChange, GateContext, GateJudgement } from './gate.ts'
import { installScripts } from './lib/install-scripts.ts'

/**
 * Some files decide what runs, who reviews, or which instructions agents get. A change to them waits for the explicit
 * approval of a person: `/merge --protected`, which is stored with its commit.
 */
export const gate: Gate = { id: 'protected-paths', title: 'Protected paths', looksAt: 'facts', judge }

/** Folders at any depth. In lower case: some file systems do not distinguish upper and lower case. */
const folders = new Set([
  ...['.github', '.gitlab', '.gitea', '.forgejo', '.circleci', '.buildkite', '.woodpecker'],
  ...['.claude', '.codex', '.gemini', '.opencode', '.cursor', '.windsurf', '.continue', '.aider', '.agents', '.kiro'],
  ...['.husky', '.githooks', '.vscode', '.idea', '.devcontainer', '.cargo', '.yarn'],
])

/** Files at any depth. */
const files = new Set([
  'codeowners',
  ...['claude.md', 'claude.local.md', 'agents.md', 'agents.override.md', 'gemini.md', '.mcp.json', 'mcp.json'],
  ...['opencode.json', 'opencode.jsonc', '.cursorrules', '.windsurfrules', '.clinerules', '.aider.conf.yml'],
  ...['.gitmodules', '.gitattributes', '.gitconfig', '.lfsconfig'],
  ...['.npmrc', '.yarnrc', '.yarnrc.yml', '.pnpmfile.cjs', '.pnpmfile.mjs', 'pnpm-workspace.yaml', 'bunfig.toml'],
  ...['.pypirc', 'pip.conf', '.envrc', '.pre-commit-config.yaml', 'lefthook.yml', '.lefthook.yml'],
  ...['.gitlab-ci.yml', '.travis.yml', '.drone.yml', '.woodpecker.yml', 'azure-pipelines.yml', 'jenkinsfile'],
])

/** The summary names so many paths; the log names all. */
const mostNamed = 8

async function judge(context: GateContext): Promise<GateJudgement> {
  const found = [
    ...context.changes.flatMap((change) => reasonFor(change, context.settings.gates.protected)),
    ...(await installScripts(context)),
  ]
  if (found.length === 0) return { verdict: 'pass', summary: messages.noProtectedPath }
  const summary = messages.protectedPathsChanged(found, mostNamed)
  const log = found.join('\n')
  if (context.item.protectedAllowedSha === context.head)
    return { verdict: 'pass', summary: messages.allowedByPerson(summary), log }
  return { verdict: 'needs-approval', summary, log }
}

function reasonFor(change: GateChange, globs: readonly string[]): string[] {
  if (change.mode === '160000' || change.oldMode === '160000') return [messages.isSubmodule(asCode(change.path))]
  const path = [change.path, change.oldPath].find((one) => one !== undefined && isProtected(one, globs))
  return path === undefined ? [] : [asCode(path)]
}

/** @param globs from the settings; the name of a folder covers everything in it. */
function isProtected(path: string, globs: readonly string[]): boolean {
  const lower = path.toLowerCase()
  const parts = lower.split('/')
  const file = parts.pop() ?? ''
  if (files.has(file) || parts.some((part) => folders.has(part))) return true
  // A file or link in the place of a protected folder.
  if (folders.has(file)) return true
  return globs.some((glob) => {
    const pattern = glob.toLowerCase().replace(/\/+$/, '')
    return matchesGlob(lower, pattern) || matchesGlob(lower, `${pattern}/**`)
  })
}

/** A path in markdown: nothing in it is markup. */
function asCode(path: string): string {
  return `\`${path.replace(/[`\p{Cc}]/gu, '?')}\``
}
