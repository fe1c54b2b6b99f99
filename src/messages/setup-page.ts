/** The page of the first start, and what it says afterwards. */

/**
 * The page with the one button.
 * @param action GitHub's address for a new app.
 * @param manifest the app as JSON.
 */
export function setupPage({ action, manifest }: { action: string; manifest: string }): string {
  return page(`<h1>Set up Tutti</h1>
<p>GitHub registers an app of your own from <code>app.yml</code>. It asks for the name, and then hands the credentials to this
machine, where they are written into <code>.env</code>.</p>
<form action="${escaped(action)}" method="post"><button name="manifest" value="${escaped(manifest)}">Register the GitHub App</button></form>
<p>You have an app already? Stop this program (Ctrl-C), put <code>APP_ID</code>, <code>PRIVATE_KEY</code> and <code>WEBHOOK_SECRET</code>
into <code>.env</code>, and start it again.</p>`)
}

/** GitHub did not hand the credentials out. @param why in its terms. */
export function registrationFailed(why: string): string {
  return page(`<h1>The app was not registered</h1>
<p>GitHub said: ${escaped(why)}</p>
<p>A code of GitHub is good for one hour and for one use. Open the address on the console again and start over.</p>`)
}

function page(body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Tutti</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}</style>
</head><body>${body}</body></html>
`
}

function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
