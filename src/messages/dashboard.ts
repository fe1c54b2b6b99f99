/** Sentences of the dashboard that stand on no page of a repository: signing in, forms, what is not there. */

/** What stands where nothing is yet: what that means, and what to do next. In backticks: code. */
export type EmptyText = readonly [what: string, next: string]

// Answers to scripts and programs.
export const signInFirst = 'Sign in first.'
export const noSuchFile = 'There is no such file.'
export const unknownCommandName = 'There is no such command.'
export const noSuchPlace = 'There is no such repository or issue.'
export const noSuchRepositoryHere = 'There is no such repository.'
export const noSuchPicture = 'There is no such picture.'
export const noSuchLog = 'There is no such log.'
export const stillStarting = 'Tutti is starting.'
export const tooManyPages = 'Too many pages are open.'
export const foreignForm = 'This form does not come from a page of this session. Open the page again.'

// Pages of one panel.
export const notThere: EmptyText = [
  'There is nothing here',
  'Either it does not exist, or your GitHub account cannot read its repository.',
]
export const startingPage: EmptyText = [
  'Tutti is starting',
  'It asks GitHub who it is. Load this page again in a moment.',
]
export const githubIsAway: EmptyText = [
  'GitHub does not answer',
  'What you may see is asked of GitHub, and it did not answer. Load this page again in a moment.',
]
export const pageFailed: EmptyText = ['This page could not be shown', "The error is in Tutti's log. The work goes on."]

// Forms and the frame.
export const needsPermission = (permission: string, repository: string) =>
  `You need the permission ${permission} in ${repository}`
export const permissionUnknown = 'GitHub could not be asked what you may do here. Try again in a moment.'
export const skipToContent = 'Skip to the content'
export const themeSwitch = 'Dark or light'

// Signing in.
export const welcome: EmptyText = [
  'Issues in, reviewed pull requests out.',
  'See what your agents are doing, what waits for you, and why. You see the repositories that you can read on GitHub, and act with the permission that you have there.',
]
export const signInButton = 'Sign in with GitHub'
export const signInMissingTitle = 'Sign-in is not set up'
export const signInMissing: EmptyText = [
  'Sign-in is not set up yet',
  'The dashboard lets people in with their GitHub accounts, through the app that Tutti runs as. Whoever operates it has three things to do:',
]
/** In backticks: code. */
export const signInSteps = (webAddress: string, callbackUrl: string) => [
  `On ${webAddress}, open the settings of the app, and add the callback URL \`${callbackUrl}\`.`,
  'On the same page, copy the client ID and make a client secret.',
  'Set `GITHUB_CLIENT_ID` and `GITHUB_CLIENT_SECRET` in `.env`, and start Tutti again.',
]
export const notSignedIn = 'You are not signed in'
export const sentBackByGitHub = 'GitHub has sent you back without signing you in.'
export const signInNotBegunHere = 'This sign-in was not begun here.'
export const oddAnswerOfGitHub = 'GitHub did not answer as expected.'

// The choice of a repository.
export const noReadableRepository: EmptyText = [
  'There is no repository that you can read',
  'Install the app on a repository, or ask its owner for read access. Then load this page again; GitHub is asked once a minute.',
]
/** @param items and @param agents with their number: `3 items`. */
export const repositoryStands = (completed: number, items: string, agents: string) =>
  `${completed} of ${items} completed · ${agents} at work`
