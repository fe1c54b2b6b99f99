/**
 * What an error of an agent's provider means: one table from what the programs report (a code, names in `_meta` or `data`,
 * the provider's words) to who has to act. Tried with codex-acp 2.6.0, opencode-ai 1.18.33 and a provider that answers with
 * errors; the names of claude-agent-acp 0.100.0 are from its `dist/session-failure-extension.js`.
 */

/**
 * login, billing, model: only the operator can act. limit: it goes on after its reset. outage: the provider fails, and
 * waiting helps. request: the provider refused this request.
 */
export type ProviderProblem = 'login' | 'billing' | 'model' | 'limit' | 'outage' | 'request'

/** What is known about an error. */
export interface FailureSigns {
  /** Of the JSON-RPC error, or an HTTP status where the program reports one. */
  codes: readonly number[]
  /** Names that programs use: `errorKind`, `codexErrorInfo`, a failure's `category`. */
  names: readonly string[]
  /** The provider's words. */
  text: string
  /** It says when it ends. */
  saysReset: boolean
}

/** How an operator's own provider words its messages: parts of them, in small letters or not. */
export interface MessagePatterns {
  limit?: readonly string[]
  billing?: readonly string[]
}

interface Rule {
  problem: ProviderProblem
  codes?: readonly number[]
  names?: readonly string[]
  text?: RegExp
}

/** ACP's code for "authentication required". */
const authRequired = -32000

/** The first rule that fits counts. Words come before categories where a category has several meanings. */
const rules: readonly Rule[] = [
  {
    problem: 'billing',
    names: ['billing_error', 'account_on_hold', 'verification_required', 'access_denied'],
    text: /plan and billing|exceeded your current quota|billing details|credit balance|insufficient.?(?:quota|funds|credit|balance)|payment required|\b402\b/i,
  },
  {
    problem: 'login',
    codes: [authRequired, 401, 403],
    names: [
      ...['authentication_failed', 'oauth_org_not_allowed', 'cloud_credential_error', 'unauthorized'],
      ...['auth_required', 'access'],
    ],
    text: /\b401\b|unauthori[sz]ed|(?:invalid|incorrect|missing|no) (?:x-)?api.?key|api key (?:not valid|is invalid|is missing)|not logged in|please (?:run )?\/?log.?in/i,
  },
  {
    problem: 'model',
    names: ['model_not_found'],
    text: /model.?not.?found|(?:unknown|no such|invalid|unsupported) model|model\W.{0,80}(?:does not exist|is not (?:available|supported|found))/i,
  },
  {
    problem: 'request',
    names: ['context_exhausted', 'contextWindowExceeded', 'policy_denied', 'cyberPolicy'],
    text: /context (?:window|length)|prompt is too long|maximum context/i,
  },
  {
    problem: 'limit',
    codes: [429],
    names: ['rate_limit', 'rate_limited', 'usageLimitExceeded', 'rateLimitExceeded', 'quota_exhausted', 'limit'],
    text: /\b429\b|rate.?limit|too many requests|usage limit|quota|resource.?exhausted/i,
  },
  {
    problem: 'outage',
    codes: [500, 502, 503, 504, 529],
    names: [
      ...['overloaded', 'serverOverloaded', 'internalServerError', 'httpConnectionFailed', 'provider_error'],
      ...['responseStreamConnectionFailed', 'responseStreamDisconnected', 'responseTooManyFailedAttempts'],
      ...['transport_lost', 'service', 'connection', 'api_error', 'server_error', 'worker_shutdown', 'internal_error'],
    ],
    text: /\b5(?:0[0-4]|29)\b|internal server error|server (?:had an )?error|bad gateway|(?:service|temporarily) unavailable|overloaded|high demand|fetch failed|(?:cannot|could not|failed to|unable to) connect|connection was closed|network error|econn(?:refused|reset)|etimedout|enotfound|socket hang up|connection (?:error|refused|reset|lost)/i,
  },
  {
    problem: 'request',
    codes: [400, 404, 413, 422],
    names: ['bad_request', 'badRequest', 'request', 'invalid_request_error', 'invalid_request'],
    text: /\b4(?:00|04|13|22)\b|bad request|invalid.request/i,
  },
]

/** What an error means; undefined when nothing says that it came from a provider. */
export function problemOf(signs: FailureSigns, own: MessagePatterns = {}): ProviderProblem | undefined {
  const text = signs.text.toLowerCase()
  const says = (parts: readonly string[] = []) => parts.some((part) => text.includes(part.toLowerCase()))
  if (says(own.billing)) return 'billing'
  if (says(own.limit)) return 'limit'
  const found = rules.find(
    ({ codes = [], names = [], text: words }) =>
      signs.codes.some((code) => codes.includes(code)) ||
      signs.names.some((name) => names.includes(name)) ||
      words?.test(signs.text),
  )?.problem
  // Gemini's free tier names plan and billing too, but says when it goes on.
  return found === 'billing' && signs.saysReset ? 'limit' : found
}
