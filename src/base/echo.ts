/** What a token request proves itself with; the rest of a form is no secret. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "assertion",
  "client_assertion",
  "client_secret",
  "code",
  "code_verifier",
  "device_code",
  "password",
  "refresh_token",
  "subject_token",
]);

/** Shorter ones are in many words. */
const SECRET_LENGTH = 4;

/** The secrets of a form that is sent. */
export const secretsOf = (form: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(form).flatMap(([name, value]) => (SECRET_FIELDS.has(name) ? [value] : []));

/**
 * A server's text without the secrets that it was sent, as they are and as they travel: some servers repeat in an error
 * what they were asked (security.md R-H2).
 */
export const withoutEcho = (text: string, sent: readonly string[]): string =>
  sent
    .filter((secret) => secret.length >= SECRET_LENGTH)
    .flatMap(waysToWrite)
    .toSorted((left, right) => right.length - left.length)
    .reduce((current, written) => current.replaceAll(written, "[redacted]"), text);

const waysToWrite = (secret: string): readonly string[] => [
  ...new Set([
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ a: secret }).toString().slice("a=".length),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret, "utf8").toString("base64"),
  ]),
];
