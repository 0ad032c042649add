const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/eyJ[\w-]{4,}(?:\.[\w-]*){0,4}/g, "[redacted]"],
  [/k8s-aws-v1\.[\w=+/-]+/g, "[redacted]"],
  [/ya29\.[\w.-]+/g, "[redacted]"],
  // "bearer token" and "basic credentials" are words of sentences.
  [
    /\b(bearer|basic|negotiate)(\s+)(?!(?:tokens?|credentials?|auth(?:entication|orization)?)(?![\w.~+/=-]))[^\s"',;]+/gi,
    "$1$2[redacted]",
  ],
  [/(X-Amz-(?:Signature|Security-Token|Credential)=)[^\s&"']+/gi, "$1[redacted]"],
  [
    /\b(client_secret|client_assertion|code_verifier|refresh_token|access_token|id_token|password)(["']?\s*[=:]\s*["']?)[^\s&"',;}]+/gi,
    "$1$2[redacted]",
  ],
  // These are words of sentences too: "failed to get token: connection refused". There only what looks like a secret goes.
  [
    /\b(code|state|nonce|token)(["']?\s*=\s*["']?|["']?\s*:(?:\s*["']|(?=[^\s:])))[^\s&"',;}]+/gi,
    "$1$2[redacted]",
  ],
  // So does a quoted name: `Cannot write "token": no such directory`; and `get-token: ` begins kubelogin's messages.
  [
    /(?<!\bget-)\b(state|nonce|token)(["']?\s*:\s+)(?:(?=\S*\d)[^\s&"',;}]{8,}|[^\s&"',;}]{16,})/gi,
    "$1$2[redacted]",
  ],
  // A shorter one is what a person has to type on another device (RFC 8628).
  [/\b(code)(["']?\s*:\s+)[^\s&"',;}]{12,}/gi, "$1$2[redacted]"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[redacted]"],
];

/**
 * The second net under the rule that no secret is ever put into a message (security.md R-H2): removes what looks
 * like a token, an authorization header, a presigned query or a private key.
 */
export const redact = (text: string): string =>
  PATTERNS.reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), text);
