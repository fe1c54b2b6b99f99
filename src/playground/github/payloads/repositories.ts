/** Bodies for repositories, branches and labels. */
import type { Account, Label, RepositoryRecord, Role, Schemas } from '../model.ts'
import type { Protection } from '../protection.ts'
import { nameOf, roleOf, type World } from '../world.ts'
import { nodeId, userBody } from './accounts.ts'

/** REST address of a repository. */
export function repositoryUrl(world: World, repository: RepositoryRecord): string {
  return `${world.apiUrl}/repos/${nameOf(repository)}`
}

/** Web address of a repository. */
export function repositoryHtml(world: World, repository: RepositoryRecord): string {
  return `${world.url}/${nameOf(repository)}`
}

/** GitHub's yes/no view of a role. */
export function permissionsOf(role: Role): {
  admin: boolean
  maintain: boolean
  push: boolean
  triage: boolean
  pull: boolean
} {
  const rank = ['none', 'read', 'triage', 'write', 'maintain', 'admin'].indexOf(role)
  return { admin: rank >= 5, maintain: rank >= 4, push: rank >= 3, triage: rank >= 2, pull: rank >= 1 }
}

/** @param reader whose `permissions` are shown; no one's without it. */
export function repositoryBody(
  world: World,
  repository: RepositoryRecord,
  reader?: Account,
): Schemas['full-repository'] {
  const open = [...repository.issues.values()].filter((issue) => issue.state === 'open').length
  const { mergeMethods } = repository
  return {
    ...identity(world, repository),
    ...links(repositoryUrl(world, repository)),
    mirror_url: null,
    homepage: null,
    language: null,
    forks_count: 0,
    stargazers_count: 0,
    watchers_count: 0,
    size: 0,
    default_branch: repository.defaultBranch,
    open_issues_count: open,
    is_template: false,
    topics: [],
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_downloads: false,
    has_discussions: false,
    archived: false,
    disabled: false,
    visibility: repository.private ? 'private' : 'public',
    pushed_at: repository.pushedAt.toISOString(),
    created_at: repository.createdAt.toISOString(),
    updated_at: repository.pushedAt.toISOString(),
    ...(reader ? { permissions: permissionsOf(roleOf(repository, reader)) } : {}),
    allow_merge_commit: mergeMethods.merge,
    allow_squash_merge: mergeMethods.squash,
    allow_rebase_merge: mergeMethods.rebase,
    allow_auto_merge: false,
    allow_update_branch: false,
    allow_forking: true,
    delete_branch_on_merge: repository.deleteBranchOnMerge,
    squash_merge_commit_title: 'COMMIT_OR_PR_TITLE',
    squash_merge_commit_message: 'COMMIT_MESSAGES',
    merge_commit_title: 'MERGE_MESSAGE',
    merge_commit_message: 'PR_TITLE',
    web_commit_signoff_required: false,
    subscribers_count: 0,
    network_count: 0,
    license: null,
    custom_properties: {},
    forks: 0,
    open_issues: open,
    watchers: 0,
  }
}

function identity(world: World, repository: RepositoryRecord) {
  const html = repositoryHtml(world, repository)
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: nameOf(repository),
    owner: userBody(world, repository.owner),
    private: repository.private,
    html_url: html,
    description: repository.description,
    fork: false,
    clone_url: `${html}.git`,
    git_url: `${html.replace('http:', 'git:')}.git`,
    ssh_url: `git@${new URL(world.url).host}:${nameOf(repository)}.git`,
    svn_url: html,
  }
}

function links(url: string) {
  return {
    url,
    archive_url: `${url}/{archive_format}{/ref}`,
    assignees_url: `${url}/assignees{/user}`,
    blobs_url: `${url}/git/blobs{/sha}`,
    branches_url: `${url}/branches{/branch}`,
    collaborators_url: `${url}/collaborators{/collaborator}`,
    comments_url: `${url}/comments{/number}`,
    commits_url: `${url}/commits{/sha}`,
    compare_url: `${url}/compare/{base}...{head}`,
    contents_url: `${url}/contents/{+path}`,
    contributors_url: `${url}/contributors`,
    deployments_url: `${url}/deployments`,
    downloads_url: `${url}/downloads`,
    events_url: `${url}/events`,
    forks_url: `${url}/forks`,
    git_commits_url: `${url}/git/commits{/sha}`,
    git_refs_url: `${url}/git/refs{/sha}`,
    git_tags_url: `${url}/git/tags{/sha}`,
    hooks_url: `${url}/hooks`,
    issue_comment_url: `${url}/issues/comments{/number}`,
    issue_events_url: `${url}/issues/events{/number}`,
    issues_url: `${url}/issues{/number}`,
    keys_url: `${url}/keys{/key_id}`,
    labels_url: `${url}/labels{/name}`,
    languages_url: `${url}/languages`,
    merges_url: `${url}/merges`,
    milestones_url: `${url}/milestones{/number}`,
    notifications_url: `${url}/notifications{?since,all,participating}`,
    pulls_url: `${url}/pulls{/number}`,
    releases_url: `${url}/releases{/id}`,
    stargazers_url: `${url}/stargazers`,
    statuses_url: `${url}/statuses/{sha}`,
    subscribers_url: `${url}/subscribers`,
    subscription_url: `${url}/subscription`,
    tags_url: `${url}/tags`,
    teams_url: `${url}/teams`,
    trees_url: `${url}/git/trees{/sha}`,
  }
}

export function labelBody(world: World, repository: RepositoryRecord, label: Label): Schemas['label'] {
  return {
    id: label.id,
    node_id: nodeId('Label', label.id),
    url: `${repositoryUrl(world, repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: false,
    description: label.description,
  }
}

/** `GET …/branches/{branch}/protection`. */
export function protectionBody(
  world: World,
  repository: RepositoryRecord,
  branch: string,
  protection: Protection,
): Schemas['branch-protection'] {
  const url = `${repositoryUrl(world, repository)}/branches/${branch}/protection`
  return {
    url,
    ...(protection.requiredChecks.length > 0
      ? {
          required_status_checks: {
            url: `${url}/required_status_checks`,
            strict: protection.upToDate,
            contexts: protection.requiredChecks,
            contexts_url: `${url}/required_status_checks/contexts`,
            checks: protection.requiredChecks.map((context) => ({ context, app_id: null })),
          },
        }
      : {}),
    required_pull_request_reviews: {
      url: `${url}/required_pull_request_reviews`,
      dismiss_stale_reviews: protection.dismissStaleReviews,
      require_code_owner_reviews: false,
      required_approving_review_count: protection.requiredApprovals,
    },
    enforce_admins: { url: `${url}/enforce_admins`, enabled: false },
    required_conversation_resolution: { enabled: protection.conversations },
    allow_force_pushes: { enabled: false },
    allow_deletions: { enabled: false },
  }
}

/** `GET …/rules/branches/{branch}`: what rulesets ask of a branch. */
export function rulesBody(repository: RepositoryRecord, protection: Protection): Schemas['repository-rule-detailed'][] {
  const ruleset = {
    ruleset_source_type: 'Repository' as const,
    ruleset_source: nameOf(repository),
    ruleset_id: repository.id,
  }
  const checks = protection.requiredChecks.map((context) => ({ context }))
  return [
    {
      type: 'pull_request',
      ...ruleset,
      parameters: {
        required_approving_review_count: protection.requiredApprovals,
        dismiss_stale_reviews_on_push: protection.dismissStaleReviews,
        require_code_owner_review: false,
        require_last_push_approval: false,
        required_review_thread_resolution: protection.conversations,
      },
    },
    ...(checks.length > 0
      ? [
          {
            type: 'required_status_checks' as const,
            ...ruleset,
            parameters: { required_status_checks: checks, strict_required_status_checks_policy: protection.upToDate },
          },
        ]
      : []),
    ...(protection.mergeQueue ? [{ type: 'merge_queue' as const, ...ruleset, parameters: mergeQueueRule }] : []),
  ]
}

/** `GET …/rulesets/{ruleset_id}`, as an app is told of it: who else may go around it is left out. */
export function rulesetBody(
  repository: RepositoryRecord,
  branch: string,
  protection: Protection,
): Schemas['repository-ruleset'] {
  return {
    id: repository.id,
    name: `rules of ${branch}`,
    target: 'branch',
    source_type: 'Repository',
    source: nameOf(repository),
    enforcement: 'active',
    current_user_can_bypass: protection.bypass,
    conditions: { ref_name: { include: [`refs/heads/${branch}`], exclude: [] } },
  }
}

/** One pull request in a group, squashed. */
const mergeQueueRule = {
  check_response_timeout_minutes: 60,
  grouping_strategy: 'ALLGREEN' as const,
  max_entries_to_build: 1,
  max_entries_to_merge: 1,
  merge_method: 'SQUASH' as const,
  min_entries_to_merge: 1,
  min_entries_to_merge_wait_minutes: 0,
}
