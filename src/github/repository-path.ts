/** Which repository a call is about, as GitHub's addresses name it. */
export interface RepositoryPath {
  owner: string
  repo: string
}

/** @param fullName `owner/name`. */
export function repositoryPath(fullName: string): RepositoryPath {
  const [owner = '', repo = ''] = fullName.split('/')
  return { owner, repo }
}
