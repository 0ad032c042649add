import type { Finding } from "../src/cli/doctor/finding.ts";
import type { Described } from "../src/cli/oidc/described.ts";
import type { ImportDocument } from "../src/cli/oidc/import.ts";
import type { SignIns } from "../src/cli/oidc/list.ts";
import type { LoginDocument } from "../src/cli/oidc/login.ts";
import type { Ended } from "../src/cli/oidc/logout.ts";
import type { SetupDocument, Written } from "../src/cli/oidc/setup.ts";
import type { OidcWhoAmI } from "../src/cli/oidc/whoami.ts";
import { documented, type Documented, type Sentences } from "./json-document.ts";
import { FINDING } from "./json-keys.ts";

const SIGN_IN: Sentences<Described> = {
  key: "First characters of the name that the entry is kept by.",
  issuer: "Address of the provider. Missing where the entry is sealed and does not say it.",
  clientId: "Missing with `issuer`.",
  account: "What `--account` named. Missing without it.",
  subject: "`sub` of the token. Missing where the entry is sealed, and where no token says it.",
  name: "`email`, else `preferred_username`, else `name`. Missing like `subject`.",
  expires: "When the token ends, in ISO 8601. Missing where it is not known.",
  expired: "Whether it has ended.",
  renews: "Whether it is renewed without asking: there is a refresh token.",
  storage: "`disk`, or `keyring` where the file is sealed with a key of the keyring.",
};

const ALICE: Described = {
  key: "3f0f5d0c9a1e",
  issuer: "https://login.example.com",
  clientId: "kubernetes",
  account: undefined,
  subject: "1234",
  name: "alice@example.com",
  expires: "2026-11-24T10:00:00Z",
  expired: false,
  renews: true,
  storage: "disk",
};

export const OIDC_DOCUMENTS: Readonly<Record<string, Documented>> = {
  "oidc login": documented<LoginDocument>({
    says: "writes one object: who has signed in. No token is in it.",
    keys: {
      issuer: "Address of the provider.",
      subject: "`sub` of the ID token. Missing where there is none.",
      name: "`email`, else `preferred_username`, else `sub`. Missing like `subject`.",
      expires: "When the token ends, in ISO 8601. Missing where it does not say.",
      renews: "Whether it is renewed without asking: there is a refresh token.",
    },
    example: {
      issuer: "https://login.example.com",
      subject: "1234",
      name: "alice@example.com",
      expires: "2026-11-24T10:00:00Z",
      renews: true,
    },
  }),
  "oidc logout": documented<{ readonly ended: readonly Ended[] }>({
    says: "writes one object: what became of each sign-in. It ends with 1 where one was not forgotten or not taken back.",
    keys: { ended: "List of objects, one a sign-in." },
    parts: {
      ended: {
        issuer: "Address of the provider; empty where the entry does not say it.",
        clientId: "Empty with `issuer`.",
        forgotten: "Whether its tokens are gone from this machine.",
        revoked:
          "`yes`: the provider has taken them back. `no`: it was asked, or could not be, and has not. `none`: there was nothing to take back, or `--local`.",
        problem: "Why something was not done, in words. Missing where all was.",
        page: "Address of the provider's page that ends its own session. Missing where it has none.",
      } satisfies Sentences<Ended>,
    },
    example: {
      ended: [
        {
          issuer: "https://login.example.com",
          clientId: "kubernetes",
          forgotten: true,
          revoked: "yes",
          problem: undefined,
          page: "https://login.example.com/logout?client_id=kubernetes",
        },
      ],
    },
  }),
  "oidc whoami": documented<OidcWhoAmI>({
    says: "writes one object: the sign-in that is kept. No token is in it.",
    keys: {
      ...SIGN_IN,
      claims: "Object: what the ID token says, else the access token; `{}` where neither can be read.",
    },
    example: {
      ...ALICE,
      claims: { iss: "https://login.example.com", sub: "1234", email: "alice@example.com" },
    },
  }),
  "oidc list": documented<SignIns>({
    says: "writes one object: every sign-in that is kept. No token is in it.",
    keys: { directory: "Where they are kept.", entries: "List of objects, one a sign-in." },
    parts: { entries: SIGN_IN },
    example: { directory: "/home/alice/.kube/cache/oidc-login", entries: [ALICE] },
  }),
  "oidc import": documented<ImportDocument>({
    says: "writes one object: what became of kubelogin's sign-in.",
    keys: {
      imported: "Whether it was taken over.",
      reason: "Why not: `exists`, since kauth has one with these options. Missing if it was.",
      entry: "Object: the sign-in. Missing if it was not.",
      removed:
        "Whether kubelogin's entry is gone; it stays with `--keep`. Missing if nothing was taken over.",
    },
    parts: { entry: SIGN_IN },
    example: { imported: true, entry: ALICE, removed: true },
  }),
  "oidc setup": documented<SetupDocument>({
    says: "writes one object: what stands in the kubeconfig, and what the API server needs. No secret is in it.",
    keys: {
      claims: "Object: what the token says of you. Missing with `--skip-login`.",
      kubeconfig: "Object: the user entry.",
      apiServer: "Object: the same for the API server, in its two forms.",
    },
    parts: {
      kubeconfig: {
        user: "Name of the user entry.",
        exec: "Object: its `exec`, with `…` for a secret.",
        written: "Object: what `--write` did. Missing without it.",
      } satisfies Sentences<SetupDocument["kubeconfig"]>,
      "kubeconfig.written": {
        path: "The kubeconfig.",
        done: "`added`, `changed` or `unchanged`.",
        context: "Context that got the user. Missing without `--context`.",
      } satisfies Sentences<Written>,
      apiServer: {
        flags: "List of flags of kube-apiserver.",
        authenticationConfiguration: "Object: the file of `--authentication-config` that says the same.",
      } satisfies Sentences<SetupDocument["apiServer"]>,
    },
    example: {
      claims: { sub: "1234" },
      kubeconfig: {
        user: "oidc",
        exec: {
          apiVersion: "client.authentication.k8s.io/v1",
          command: "kauth",
          args: [
            "oidc",
            "get-token",
            "--oidc-issuer-url=https://login.example.com",
            "--oidc-client-id=kubernetes",
          ],
          interactiveMode: "IfAvailable",
        },
        written: { path: "/home/alice/.kube/config", done: "added", context: undefined },
      },
      apiServer: {
        flags: ["--oidc-issuer-url=https://login.example.com", "--oidc-client-id=kubernetes"],
        authenticationConfiguration: {
          apiVersion: "apiserver.config.k8s.io/v1beta1",
          kind: "AuthenticationConfiguration",
          jwt: [
            {
              issuer: { url: "https://login.example.com", audiences: ["kubernetes"] },
              claimMappings: { username: { claim: "sub", prefix: "" } },
            },
          ],
        },
      },
    },
  }),
  "oidc doctor": documented<{ readonly ok: boolean; readonly findings: readonly Finding[] }>({
    says: "writes one object, like [kauth doctor](#kauth-doctor), and ends with 1 where `ok` is false.",
    keys: { ok: "False where a finding is `bad`.", findings: "List of objects, in the order of a sign-in." },
    parts: { findings: FINDING },
    example: {
      ok: true,
      findings: [
        {
          id: "discovery",
          state: "ok",
          subject: "discovery",
          found: "https://login.example.com says what a sign-in needs",
        },
      ],
    },
  }),
};
