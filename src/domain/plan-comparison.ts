/** The files that a plan named against those that were changed. Pure. */

import { matchesGlob } from 'node:path'

export interface PlanComparison {
  /** How many changed files the plan names. */
  touched: number
  /** Changed files that it does not name. */
  unplanned: string[]
  /** Files, folders and patterns that it names, where nothing was changed. */
  untouched: string[]
}

/**
 * Compares a plan with a change.
 * @param planned files, folders and patterns, relative to the repository.
 * @param changed files.
 */
export function comparePlan(planned: readonly string[], changed: readonly string[]): PlanComparison {
  const unplanned = changed.filter((path) => !planned.some((pattern) => names(pattern, path)))
  return {
    touched: changed.length - unplanned.length,
    unplanned,
    untouched: planned.filter((pattern) => !changed.some((path) => names(pattern, path))),
  }
}

function names(pattern: string, path: string): boolean {
  const plain = pattern.replace(/^\.\//, '').replace(/\/+$/, '')
  return path === plain || path.startsWith(`${plain}/`) || matchesGlob(path, plain) || matchesGlob(path, `${plain}/**`)
}
