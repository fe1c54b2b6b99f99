/** The scripted maintainer: writes issues, labels them, reads pull requests, asks for changes, approves, says /merge. */

import type { Scene } from './scene.ts'
import type { Timeline } from './timeline.ts'
import type { DemoUser } from './user.ts'

/** Plays every scene to its end. Rejects when one does not come to its end. */
export async function play(maintainer: DemoUser, scenes: Scene[], timeline: Timeline): Promise<void> {
  const issues: [number, Scene][] = []
  for (const scene of scenes) {
    const number = await maintainer.createIssue(scene.title, scene.body)
    timeline.say('maintainer', `writes issue #${number}: ${scene.title}`)
    issues.push([number, scene])
  }
  for (const [number, scene] of issues)
    if (scene.after === undefined) await putToWork(maintainer, number, scene, timeline)
  await Promise.all(issues.map(([number, scene]) => bringHome(maintainer, number, scene, { issues, timeline })))
}

/** An issue that builds on what another one taught waits until that one has passed. */
async function bringHome(
  maintainer: DemoUser,
  number: number,
  scene: Scene,
  { issues, timeline }: { issues: [number, Scene][]; timeline: Timeline },
): Promise<void> {
  const teacher = scene.after === undefined ? undefined : issues[scene.after]?.[0]
  if (teacher !== undefined) {
    await maintainer.reviewable(teacher)
    await putToWork(maintainer, number, scene, timeline)
  }
  if (scene.message) timeline.say('agent', `#${number} ${await maintainer.messageOf(number)}`)
  await review(maintainer, number, scene, timeline)
}

async function putToWork(maintainer: DemoUser, number: number, scene: Scene, timeline: Timeline): Promise<void> {
  if (scene.trigger !== 'label') {
    timeline.say('maintainer', `says ${scene.trigger} on #${number}`)
    return maintainer.comment(number, scene.trigger)
  }
  const dependency = /Depends on #\d+/.exec(scene.body)?.[0].toLowerCase()
  timeline.say('maintainer', `labels #${number} "tutti"${dependency ? ` (it ${dependency})` : ''}`)
  return maintainer.addLabel(number, 'tutti')
}

async function review(maintainer: DemoUser, issueNumber: number, scene: Scene, timeline: Timeline): Promise<void> {
  let pull = await maintainer.reviewable(issueNumber)
  if (scene.ci) {
    const { context, description } = scene.ci
    timeline.say('github', `CI fails on #${pull.number}: ${context}: ${description}`)
    await maintainer.reportStatus(pull, 'failure', scene.ci)
    pull = await maintainer.reviewable(issueNumber, pull.headSha)
    await maintainer.reportStatus(pull, 'success', { context, description: 'Nothing to complain of' })
    timeline.say('github', `CI is green on #${pull.number}`)
  }
  if (scene.changes) {
    const { path, line, body } = scene.changes
    timeline.say('maintainer', `reads #${pull.number} and asks for changes on ${path}:${line}: "${body}"`)
    await maintainer.review(pull, 'REQUEST_CHANGES', 'One thing before I approve.', [scene.changes])
    pull = await maintainer.reviewable(issueNumber, pull.headSha)
    timeline.say('tutti', `answers in the thread: "${await maintainer.answered(pull.number)}"`)
  }
  if (scene.meanwhile) {
    const { path, content } = scene.meanwhile
    timeline.say('maintainer', `commits another ${path} to the default branch: #${pull.number} conflicts with it now`)
    await maintainer.commit(path, content, `Write ${path} by hand`)
    pull = await maintainer.reviewable(issueNumber, pull.headSha)
  }
  timeline.say('maintainer', `reads #${pull.number}, approves it and says /merge`)
  await maintainer.review(pull, 'APPROVE', 'Reads well.')
  await maintainer.comment(pull.number, '/merge')
  await maintainer.closed(issueNumber)
}
