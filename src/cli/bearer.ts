import { KnownError } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import type { Credential, Method } from "../credentials/index.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";

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
  /** Whose credential it would be. */
  readonly config?: Pick<ClientConfig, "userName" | "userOrigin" | "server">;
}

/** The user that a context names and that no kubeconfig has. client-go takes nobody for it. */
export const missingUser = ({
  userName,
  userOrigin,
}: Pick<ClientConfig, "userName" | "userOrigin">): string | undefined =>
  userOrigin === undefined ? userName : undefined;

export const noBearerToken = (kind: keyof typeof WHY_NO_TOKEN, wish: TokenWish): KnownError =>
  new KnownError(
    "NO_BEARER_TOKEN",
    `Cannot ${wish.purpose}: there is no bearer token: ${whyNoToken(kind, wish)}`,
    hintOf(kind, wish),
  );

const isPlain = (kind: keyof typeof WHY_NO_TOKEN, { config }: TokenWish): boolean =>
  kind === "none" && config?.server.protocol === "http:";

const hintOf = (kind: keyof typeof WHY_NO_TOKEN, wish: TokenWish): { readonly hint?: string } => {
  if (isPlain(kind, wish))
    return {
      hint: "Give the server an https:// address, in the cluster entry of the kubeconfig or with --server.",
    };
  return wish.hint === undefined ? {} : { hint: wish.hint };
};

const whyNoToken = (kind: keyof typeof WHY_NO_TOKEN, { config }: TokenWish): string => {
  if (config === undefined || kind !== "none") return WHY_NO_TOKEN[kind];
  if (config.server.protocol === "http:")
    return `nothing that identifies you is sent over plain http, to ${config.server.origin}`;
  const missing = missingUser(config);
  return missing === undefined
    ? WHY_NO_TOKEN.none
    : `the context names the user "${missing}", whom the kubeconfig does not have`;
};

/** With these ways to sign in to the API server there is nothing that a UI could be shown. */
export const givesNoToken = (method: Method): method is Method & keyof typeof WHY_NO_TOKEN =>
  Object.hasOwn(WHY_NO_TOKEN, method);

/** For what is known before any credential is fetched. @throws {KnownError} NO_BEARER_TOKEN */
export const refuseMethod = (method: Method, wish: TokenWish): void => {
  if (givesNoToken(method)) throw noBearerToken(method, wish);
};

/** @throws {KnownError} NO_BEARER_TOKEN */
export const bearerOf = (credential: Credential, wish: TokenWish): Secret => {
  const { header, certificate } = credential;
  if (header?.kind === "bearer") return header.token;
  throw noBearerToken(header?.kind ?? (certificate === undefined ? "none" : "certificate"), wish);
};
