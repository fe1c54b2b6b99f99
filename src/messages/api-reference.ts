/** What the reference of the API begins with. */

export const apiIntroduction = `Everything that people can say to Tutti in comments, and what it shows of its work.

Each request has a token: \`Authorization: Bearer tutti_…\`. Whoever runs Tutti makes one with \`tutti token create\`. Its role
is \`read\`, \`operate\` or \`admin\`; a repository outside of its scope does not exist for it.

- **Which repository**: \`repository\` (or \`systemId\`) as \`owner/name\`, in the query of \`GET\` and \`DELETE\`, else in the body.
  It may be left out where there is only one. \`on\` is the number of the issue or the pull request.
- **Twice is once**: a call with the same \`Idempotency-Key\` acts once, and has the same answer.
- **Errors** are problems (RFC 9457): \`type\` is for programs, \`detail\` and \`hint\` are for people.
- **Text**: with \`Accept: text/plain\` the answer is the sentence that a comment would get.
- **Lists** go on with \`next\` in the body and the header \`Link\`.`
