import { expect, test } from "vitest";
import { entryKey } from "./entry-key.ts";
import { subjectNow } from "./settings.ts";

const key = (subject: string, env: Readonly<Record<string, string>>): string =>
  entryKey({
    issuer: "https://issuer.example",
    clientId: "kube",
    clientSecret: undefined,
    redirectUri: undefined,
    scopes: [],
    useAccessToken: false,
    audience: undefined,
    headers: [],
    pkce: "auto",
    ca: undefined,
    verify: true,
    username: undefined,
    account: undefined,
    extra: new Map(),
    grant: "token-exchange",
    subject,
    subjectNow: subjectNow(subject, env),
  });

test.each([
  ["env:CI_TOKEN", "CI_TOKEN"],
  ["github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
  ["github:kube", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
])("what one build exchanges by %s is not another's", (subject, name) => {
  expect(key(subject, { [name]: "one" })).not.toBe(key(subject, { [name]: "other" }));
  expect(key(subject, { [name]: "one" })).toBe(key(subject, { [name]: "one", OTHER: "x" }));
});

test("a file is the same place whatever stands in it now", () => {
  expect(key("file:/var/run/token", {})).toBe(key("file:/var/run/token", { CI_TOKEN: "one" }));
});
