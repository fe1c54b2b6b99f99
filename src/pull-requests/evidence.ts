/** Gathers what the check run of a commit says, and requests it. */

import type { Env } from '../config/env.ts'
import type { Store, Tx } from '../db/connect.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { picturesOf } from '../db/pictures.ts'
import { approvedPlan, roundsOf } from '../db/plans.ts'
import { gateRows } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { buildsOf } from '../db/runs.ts'
import { spentOnItem } from '../db/usage.ts'
import type { ItemRow } from '../db/work-items.ts'
import { type Annotation, mostAnnotations, placesIn } from '../domain/annotations.ts'
import type { EffectOf } from '../domain/effects.ts'
import { contentOf } from '../domain/plan.ts'
import { comparePlan } from '../domain/plan-comparison.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validPath } from '../git/names.ts'
import type { Sha } from '../lib/ids.ts'
import { money } from '../lib/money.ts'
import { checkRunReport, type Evidence, type GateEvidence } from '../messages/check-run.ts'

/** Of so many places in logs, those in files that exist are shown. */
const mostPlaces = 4 * mostAnnotations

type CheckRun = EffectOf<'check-run'>['payload']

/** A commit that the gates have judged. */
interface Judged {
  repo: RepositoryRow
  item: ItemRow
  /** Where the branch left its base. */
  base: Sha
  head: Sha
}

/** What the check run is made from. */
interface EvidenceServices {
  store: Pick<Store, 'db'>
  env: Pick<Env, 'PUBLIC_URL'>
}

/** The check run of a commit, as its payload. */
export async function checkRunOf(services: EvidenceServices, control: BareClone, judged: Judged): Promise<CheckRun> {
  const { store } = services
  const { item, base, head } = judged
  const gates = await gateRows(store.db, item.id, head)
  const changed = (await control.changes(base, head)).map(({ path }) => path)
  const report = checkRunReport(await evidenceOf(services, judged, gates, changed))
  const annotations = await annotationsOf(control, head, gates, changed)
  return { sha: head, name: 'Tutti', conclusion: conclusionOf(gates), ...report, annotations }
}

/** Requests a check run; the same commit judged once more has the same one. */
export async function requestCheckRun(tx: Tx, item: ItemRow, payload: CheckRun): Promise<void> {
  const target = { repositoryId: item.repositoryId, workItemId: item.id, key: `check:${item.id}:${payload.sha}` }
  await enqueueEffect(tx, target, { kind: 'check-run', payload })
}

function conclusionOf(gates: readonly GateEvidence[]): CheckRun['conclusion'] {
  if (gates.some((gate) => gate.verdict === 'fail')) return 'failure'
  return gates.some((gate) => gate.verdict === 'needs-approval') ? 'neutral' : 'success'
}

async function evidenceOf(
  { store: { db }, env }: EvidenceServices,
  { repo, item, head }: Judged,
  gates: GateEvidence[],
  changed: readonly string[],
): Promise<Evidence> {
  const attempts = await buildsOf(db, item.id)
  const maker = attempts.findLast((run) => run.headSha === head) ?? attempts.at(-1)
  const plan = await approvedPlan(db, item)
  const content = plan && contentOf(plan)
  const agent = maker?.agent ?? 'person'
  const open = (await roundsOf(db, item.id)).filter((round) => round.answeredAt === null)
  return {
    sha: head,
    gates,
    pictures: await picturesOf(db, item.id, head),
    repository: repo.fullName,
    publicUrl: env.PUBLIC_URL,
    agent,
    memberName: maker?.memberName ?? null,
    model: settingsOf(repo).agents[agent]?.model ?? null,
    sandboxed: maker?.sandboxed ?? false,
    attempts,
    cost: (await spentOnItem(db, item.id)).map(({ millionths, currency }) => money(millionths, currency)),
    plan: content?.kind === 'plan' && content.paths.length > 0 ? comparePlan(content.paths, changed) : null,
    openQuestions: open.flatMap((round) => round.asked),
  }
}

/** What failed gates said about lines of files that the commit has. */
async function annotationsOf(
  control: BareClone,
  head: Sha,
  gates: readonly GateEvidence[],
  changed: readonly string[],
): Promise<Annotation[]> {
  const places = gates.filter((gate) => gate.verdict === 'fail').flatMap((gate) => placesIn(gate.log, mostPlaces))
  const known = new Map<string, boolean>(changed.map((path) => [path, true]))
  const found: Annotation[] = []
  for (const place of places.slice(0, mostPlaces)) {
    if (found.length === mostAnnotations) break
    if (!known.has(place.path)) known.set(place.path, await exists(control, head, place.path))
    if (known.get(place.path)) found.push(place)
  }
  return found
}

async function exists(control: BareClone, head: Sha, path: string): Promise<boolean> {
  try {
    return (await control.readFile(head, validPath(path))) !== undefined
  } catch {
    // Not a path that git takes, or too large to be a source file.
    return false
  }
}
