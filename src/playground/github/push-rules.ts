/** What a push is refused for, in GitHub's words: a `pre-receive` hook, and the environment that says what to refuse. */

/** Rules of a repository that look at what is pushed. Only admins are above them. */
export interface PushRules {
  /** Push protection: refuses classic personal access tokens (`ghp_` and 36 characters). */
  secrets: boolean
  /** Refuses commits without a signature. */
  signatures: boolean
  /** Refuses merge commits. */
  linear: boolean
  /** Refuses larger files; GitHub's own limit is 100 MB. */
  maxFileBytes: number | null
}

export const noPushRules: PushRules = { secrets: false, signatures: false, linear: false, maxFileBytes: null }

/** @param workflows whether the pusher may change workflows */
export function pushRuleEnvironment(
  repository: { pushRules: PushRules; protections: ReadonlyMap<string, unknown> },
  workflows: boolean,
): Record<string, string> {
  const { secrets, signatures, linear, maxFileBytes } = repository.pushRules
  const set = (name: string, on: boolean) => (on ? { [name]: '1' } : {})
  return {
    PLAYGROUND_PROTECTED: [...repository.protections.keys()].join(' '),
    ...set('PLAYGROUND_NO_WORKFLOWS', !workflows),
    ...set('PLAYGROUND_SECRETS', secrets),
    ...set('PLAYGROUND_SIGNATURES', signatures),
    ...set('PLAYGROUND_LINEAR', linear),
    ...(maxFileBytes === null ? {} : { PLAYGROUND_MAX_BYTES: String(maxFileBytes) }),
  }
}

/** The hook. Each refusal is worded as GitHub words it; see `pushRuleEnvironment` for its switches. */
export const preReceive = `#!/bin/sh
zero=0000000000000000000000000000000000000000
violation() {
  echo "error: GH013: Repository rule violations found for $ref." >&2
  echo "Review all repository rules at https://github.com/rules?ref=$ref" >&2
  echo "" >&2
  echo "$1" >&2
  exit 1
}
while read -r old new ref; do
  for branch in $PLAYGROUND_PROTECTED; do
    if [ "$ref" = "refs/heads/$branch" ]; then
      echo "error: GH006: Protected branch update failed for $ref." >&2
      exit 1
    fi
  done
  [ "$new" = "$zero" ] && continue
  if [ -n "$PLAYGROUND_NO_WORKFLOWS" ]; then
    file=$(git log --format= --name-only "$new" --not --all -- .github/workflows | head -n 1)
    if [ -n "$file" ]; then
      echo "refusing to allow a GitHub App to create or update workflow \\\`$file\\\` without \\\`workflows\\\` permission" >&2
      exit 1
    fi
  fi
  if [ -n "$PLAYGROUND_SECRETS" ]; then
    found=$(git log --format='       - commit: %H' --name-only -G'ghp_[A-Za-z0-9]{36}' "$new" --not --all | sed '/^$/d; /commit: /!s/^/         path: /')
    [ -n "$found" ] && violation "- GITHUB PUSH PROTECTION
  —————————————————————————————————————————
    Resolve the following violations before pushing again

    - Push cannot contain secrets

      —— GitHub Personal Access Token ——————————————————————
       locations:
$found

       (?) To push, remove secret from commit(s)."
  fi
  if [ -n "$PLAYGROUND_SIGNATURES" ]; then
    for commit in $(git rev-list "$new" --not --all); do
      git cat-file commit "$commit" | grep -q '^gpgsig ' || violation "- Commits must have verified signatures.
  Found 1 violation:

  $commit"
    done
  fi
  if [ -n "$PLAYGROUND_LINEAR" ]; then
    merge=$(git rev-list --merges "$new" --not --all | head -n 1)
    [ -n "$merge" ] && violation "- This branch must not contain merge commits.
  Found 1 violation:

  $merge"
  fi
  if [ -n "$PLAYGROUND_MAX_BYTES" ]; then
    large=$(git rev-list --objects "$new" --not --all | git cat-file --batch-check='%(objecttype) %(objectsize) %(rest)' |
      awk -v max="$PLAYGROUND_MAX_BYTES" '$1 == "blob" && $2 > max { print $3; exit }')
    if [ -n "$large" ]; then
      echo "error: GH001: Large files detected. You may want to try Git Large File Storage - https://git-lfs.github.com." >&2
      echo "error: File $large exceeds GitHub's file size limit of $PLAYGROUND_MAX_BYTES bytes" >&2
      exit 1
    fi
  fi
done
`
