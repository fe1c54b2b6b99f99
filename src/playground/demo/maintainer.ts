/** The scripted maintainer: writes issues, labels them, reads pull requests, asks for changes, approves, says /merge. */

import type { Issue, PullIssue, Repository } from '../github/model.ts'
import type { Person } from '../github/person.ts'
import type { GitHub } from '../github/server.ts'
import type { Scene } from './scene.ts'
import type { Timeline } from './timeline.ts'

/** A demo that takes longer than this has gone wrong. */
const patienceMs = 120_000

/** Plays every scene to its end. Rejects when one does not come to its end. */
export async function play(github: GitHub, repository: Repository, scenes: Scene[], timeline: Timeline): Promise<void> {
  const maintainer = github.as('maintainer')
  const issues: Issue[] = []
  for (const scene of scenes) {
    const issue = await maintainer.createIssue(repository, { title: scene.title, body: scene.body })
    timeline.say('maintainer', `writes issue #${issue.number}: ${scene.title}`)
    issues.push(issue)
  }
  for (const [index, scene] of scenes.entries()) {
    const { number } = issues[index] as Issue
    if (scene.trigger === 'label') {
      timeline.say(
        'maintainer',
        `labels #${number} "tutti"${/Depends on (#\d+)/.test(scene.body) ? ` (it ${/[Dd]epends on #\d+/.exec(scene.body)?.[0].toLowerCase()})` : ''}`,
      )
      await maintainer.addLabels(repository, number, ['tutti'])
    } else {
      timeline.say('maintainer', `says ${scene.trigger} on #${number}`)
      await maintainer.comment(repository, number, scene.trigger)
    }
  }
  await Promise.all(
    scenes.map((scene, index) => review(github, maintainer, repository, issues[index] as Issue, scene, timeline)),
  )
}

async function review(
  github: GitHub,
  maintainer: Person,
  repository: Repository,
  issue: Issue,
  scene: Scene,
  timeline: Timeline,
): Promise<void> {
  let pull = await proposed(github, repository, issue)
  if (scene.changes) {
    const seen = pull.pull.headSha
    timeline.say('maintainer', `reads #${pull.number} and asks for changes: "${scene.changes}"`)
    await maintainer.review(repository, pull.number, { state: 'CHANGES_REQUESTED', body: scene.changes })
    pull = await proposed(github, repository, issue, seen)
  }
  timeline.say('maintainer', `reads #${pull.number}, approves it and says /merge`)
  await maintainer.review(repository, pull.number, { state: 'APPROVED', body: 'Reads well.' })
  await maintainer.comment(repository, pull.number, '/merge')
  await github.until(() => issue.state === 'closed', `#${issue.number} is merged and closed`, patienceMs)
}

/** Waits for the pull request of an issue, with a Check Run on its head, and a head that is not `not`. */
async function proposed(github: GitHub, repository: Repository, issue: Issue, not?: string): Promise<PullIssue> {
  return github.until(
    () =>
      [...repository.issues.values()].find(
        (one): one is PullIssue =>
          one.pull !== undefined &&
          one.state === 'open' &&
          (one.body ?? '').includes(`Closes #${issue.number}\n`) &&
          one.pull.headSha !== not &&
          checked(repository, one.pull.headSha) &&
          told(issue, one.number),
      ),
    `a checked pull request for #${issue.number}`,
    patienceMs,
  )
}

function checked(repository: Repository, sha: string): boolean {
  return repository.suites.some((suite) => suite.headSha === sha && suite.runs.some((run) => run.name === 'Tutti'))
}

/** A person reads the status comment first: it says when the pull request is theirs to review. */
function told(issue: Issue, pull: number): boolean {
  return issue.comments.some((comment) => comment.body.includes(`Review pull request #${pull}`))
}
