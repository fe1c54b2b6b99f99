/** Labels, of a repository and on an issue. */
import {
  type ActingAccount,
  ApiRefusal,
  type IssueRecord,
  invalid,
  type Label,
  type RepositoryRecord,
} from '../model.ts'
import { labelBody } from '../payloads/repositories.ts'
import type { World } from '../world.ts'
import { emitIssue, noteChange } from './issue-history.ts'

/** Adds labels, making those the repository does not have. */
export function addLabels(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: IssueRecord,
  names: string[],
): void {
  for (const name of names) {
    const label = labelNamed(world, actor, repository, name)
    if (issue.labels.includes(label)) continue
    issue.labels.push(label)
    emitLabel({ world, actor, repository }, issue, 'labeled', label)
  }
}

/** @throws {ApiRefusal} 404 when the issue does not have the label. */
export function removeLabel(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: IssueRecord,
  name: string,
): void {
  const label = issue.labels.find((one) => sameName(one.name, name))
  if (!label) throw new ApiRefusal(404, 'Label does not exist')
  issue.labels = issue.labels.filter((one) => one !== label)
  emitLabel({ world, actor, repository }, issue, 'unlabeled', label)
}

/** Leaves exactly these labels on the issue. */
export function setLabels(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: IssueRecord,
  names: string[],
): void {
  for (const label of issue.labels)
    if (!names.some((name) => sameName(name, label.name))) removeLabel({ world, actor }, repository, issue, label.name)
  addLabels({ world, actor }, repository, issue, names)
}

/** The repository's label, made now if there is none. */
export function labelNamed(world: World, actor: ActingAccount, repository: RepositoryRecord, name: string): Label {
  const found = repository.labels.find((label) => sameName(label.name, name))
  return found ?? createLabel(world, actor, repository, { name })
}

/** @throws {ApiRefusal} 422 when the name is taken. */
export function createLabel(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  wanted: { name: string; color?: string; description?: string | null },
): Label {
  if (repository.labels.some((label) => sameName(label.name, wanted.name)))
    throw invalid('Label', 'name', 'already_exists')
  const label: Label = {
    id: world.nextId(),
    name: wanted.name,
    color: wanted.color?.replace(/^#/, '') ?? 'ededed',
    description: wanted.description ?? null,
  }
  repository.labels.push(label)
  const payload = { label: labelBody(world, repository, label) }
  world.emit({ event: 'label', action: 'created', actor, repository, payload })
  return label
}

/** @throws {ApiRefusal} 404 when there is no such label, 422 when the new name is taken. */
export function renameLabel(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  name: string,
  to: string,
): Label {
  const label = repository.labels.find((one) => sameName(one.name, name))
  if (!label) throw new ApiRefusal(404, 'Not Found')
  if (repository.labels.some((one) => one !== label && sameName(one.name, to)))
    throw invalid('Label', 'name', 'already_exists')
  const from = label.name
  label.name = to
  const payload = { label: labelBody(world, repository, label), changes: { name: { from } } }
  world.emit({ event: 'label', action: 'edited', actor, repository, payload })
  return label
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** Says that a label was put on an issue, or taken off. */
export function emitLabel(
  { world, actor, repository }: { world: World; actor: ActingAccount; repository: RepositoryRecord },
  issue: IssueRecord,
  action: 'labeled' | 'unlabeled',
  label: Label,
): void {
  noteChange({ world, actor }, issue, action, label)
  emitIssue({ world, actor, repository }, issue, action, { label: labelBody(world, repository, label) })
}
