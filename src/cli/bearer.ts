import { KnownError } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import type { Credential, Method } from "../credentials/index.ts";

const WHY_NO_TOKEN = {
  basic: "your kubeconfig signs in with user name and password, which is never sent into a pod",
  certificate:
    "your kubeconfig signs in with a client certificate, which ends at the API server and cannot be shown to a UI",
  none: "your kubeconfig names nothing that identifies you",
} as const;

/** What a person wanted to do with a token that is not there. */
export interface TokenWish {
  /** e.g. `sign in to the UI` */
  readonly purpose: string;
  /** Default: the sentence of NO_BEARER_TOKEN. */
  readonly hint?: string;
}

export const noBearerToken = (kind: keyof typeof WHY_NO_TOKEN, wish: TokenWish): KnownError =>
  new KnownError(
    "NO_BEARER_TOKEN",
    `Cannot ${wish.purpose}: there is no bearer token: ${WHY_NO_TOKEN[kind]}`,
    wish.hint === undefined ? {} : { hint: wish.hint },
  );

/** For what is known before any credential is fetched. @throws {KnownError} NO_BEARER_TOKEN */
export const refuseMethod = (method: Method, wish: TokenWish): void => {
  if (method === "certificate" || method === "basic" || method === "none") throw noBearerToken(method, wish);
};

/** @throws {KnownError} NO_BEARER_TOKEN */
export const bearerOf = (credential: Credential, wish: TokenWish): Secret => {
  const { header, certificate } = credential;
  if (header?.kind === "bearer") return header.token;
  throw noBearerToken(header?.kind ?? (certificate === undefined ? "none" : "certificate"), wish);
};
