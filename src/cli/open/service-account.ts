import {
  connect,
  requestToken,
  whoAmI,
  type Connection,
  type Identity,
  type ServiceAccountName,
} from "../../api/index.ts";
import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import { after, toMillis } from "../../base/units.ts";
import {
  fetchedSource,
  tokenClaims,
  type Credential,
  type CredentialSource,
} from "../../credentials/index.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import { isImpersonating } from "../identity.ts";
import { identityPin, type IdentityPin } from "./identity-pin.ts";
import type { OpenSettings } from "./settings.ts";
import type { SignIn } from "./sign-in.ts";

/** RFC 1123 label and subdomain, as the API server checks names of namespaces and ServiceAccounts. */
const ACCOUNT = /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)$/;

/** `--service-account`. @throws {KnownError} USAGE */
export const parseAccount = (text: string): ServiceAccountName => {
  const [, namespace, name] = ACCOUNT.exec(text) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  throw new KnownError("USAGE", `Cannot use --service-account "${text}": it must be NAMESPACE/NAME`, {
    hint: "Name one that exists: kubectl get serviceaccounts -n NAMESPACE",
  });
};

/** `apps/viewer` */
export const accountText = ({ namespace, name }: ServiceAccountName): string => `${namespace}/${name}`;

/** What contradicts it. @throws {KnownError} USAGE; exit 2 */
export const refuseWithAccount = (
  settings: Pick<OpenSettings, "serviceAccount" | "anonymous" | "leg">,
  config?: ClientConfig,
): void => {
  if (settings.serviceAccount === undefined) return;
  const refuse = (other: string, why: string): KnownError =>
    new KnownError("USAGE", `Cannot open with --service-account and ${other}: ${why}`, {
      hint: "Leave one of the two out",
    });
  if (settings.anonymous) throw refuse("--anonymous", "either the pod gets a token or it gets none");
  if (settings.leg === "direct")
    throw refuse("--leg direct", "with the direct leg the pod gets no token, whoever's it is");
  if (config !== undefined && isImpersonating(config))
    throw refuse(
      `impersonation of "${config.impersonate.user ?? ""}"`,
      "the pod would be told of two people to be",
    );
};

/** How often the person's credential may be replaced while it is asked whose it is (upstream.ts). */
const ROUNDS = 3;

export interface AccountOptions {
  readonly system: System;
  readonly account: ServiceAccountName;
  /** The person's own: tokens are asked for with it, and nothing else of it goes into the pod. */
  readonly connection: Connection;
  /** The person. */
  readonly source: SignIn;
  /** Whoever asks for a token has to be whom the pages belong to. */
  readonly pin: IdentityPin;
  readonly signal: AbortSignal;
}

/**
 * Tokens of a ServiceAccount by TokenRequest (security.md R-N12): ten minutes each, another shortly before the end, one
 * request for all who wait; in memory only. Signing in again is the person's.
 */
export function accountSource(options: AccountOptions): SignIn {
  const { system, account, connection, source, pin, signal } = options;
  let last: Credential | undefined;
  /** Who asked for the tokens in hand. */
  let asker: string | undefined;
  /** A token that somebody else asked for would show the pages of the first one to the second. */
  const samePerson = async (caller: AbortSignal): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      if (!(await pin.check(await source.get({ early: true, signal: caller }), caller))) continue;
      const now = nameOf(pin);
      // Whoever opens the pages anew may lack the right to ask.
      if (asker !== undefined && asker !== now) tokens = fetched();
      asker = now;
      return;
    }
    throw new KnownError(
      "IDENTITY_UNKNOWN",
      "Cannot use the new credential: it ends before the API server has said whose it is",
    );
  };
  const fetched = (): CredentialSource =>
    fetchedSource({
      method: source.method,
      description: `ServiceAccount "${accountText(account)}"`,
      system,
      signal,
      fetch: async () => {
        const asked = system.now();
        const { token, life } = await requestToken(connection, account, { signal });
        // Whose credential it was asked with may have changed meanwhile.
        await samePerson(signal);
        const jti = tokenClaims(token)?.["jti"];
        system.log.verbose(
          1,
          `Token of ServiceAccount "${accountText(account)}" for ${life} s: jti ${typeof jti === "string" ? escapeLine(jti.slice(0, 100)) : "unknown"}`,
        );
        // By our own clock, which may not be the API server's.
        const expiresAt = after(asked, toMillis(life));
        return { header: { kind: "bearer", token }, certificate: undefined, expiresAt };
      },
    });
  let tokens = fetched();
  const given = (credential: Credential): Credential => (last = credential);
  return {
    method: tokens.method,
    description: tokens.description,
    failure: () => tokens.failure?.(),
    forget: () => tokens.forget?.(),
    get: async (wishes) => {
      await samePerson(wishes?.signal ?? signal);
      return given(await tokens.get(wishes));
    },
    renew: async (rejected, wishes) => {
      await samePerson(wishes?.signal ?? signal);
      const renewed = await tokens.renew(rejected, wishes);
      return renewed === undefined ? undefined : given(renewed);
    },
    current: () => last,
    state: () => source.state(),
    again: async () => {
      tokens.forget?.();
      await source.again();
    },
    onChange: (listener) => source.onChange(listener),
  };
}

const nameOf = (pin: IdentityPin): string => {
  const person = pin.person();
  return JSON.stringify([pin.name(), person?.uid, [...(person?.groups ?? [])].toSorted()]);
};

export interface AccountPinOptions extends Omit<AccountOptions, "source" | "account"> {
  readonly config: ClientConfig;
  /** Of the ServiceAccount. */
  readonly tokens: CredentialSource;
  readonly cluster: string;
  readonly onChange: (from: string, to: string) => void;
}

/** Whom the UI gets to see: a ServiceAccount that was made anew is another one (security.md R-N4). */
export function accountPin(options: AccountPinOptions): IdentityPin {
  const { config, tokens, system, connection, pin } = options;
  const own = identityPin({
    connection,
    who: async () => {
      await using account = connect(config, tokens, system, { replayUnauthorized: true });
      return await whoAmI(account);
    },
    current: async () => await tokens.get(),
    system,
    signal: options.signal,
    cluster: options.cluster,
    onChange: options.onChange,
  });
  return {
    ...own,
    name: () => {
      const [account, person] = [own.name(), pin.name()];
      return account === undefined || person === undefined ? account : `${account}, asked for by ${person}`;
    },
    release: () => {
      pin.release();
      own.release();
    },
  };
}

/** Whose credential goes into pods. */
export interface PodPerson {
  readonly source: SignIn;
  readonly pin: IdentityPin;
}

export interface AccountRequest
  extends AccountOptions, Pick<AccountPinOptions, "config" | "cluster" | "onChange"> {}

/** A ServiceAccount in the person's place, for pods alone. Dials nothing yet. */
export interface AccountPerson extends PodPerson {
  /** The first token, and whose the API server says it is. @throws {KnownError} FORBIDDEN with the right that is missing */
  begin(): Promise<Identity | undefined>;
}

export function accountPerson(request: AccountRequest): AccountPerson {
  const { system, signal, config } = request;
  const source = accountSource(request);
  const pin = accountPin({ ...request, tokens: source });
  return {
    source,
    pin,
    begin: async () => {
      const credential = await source.get({ signal });
      await using account = connect(config, source, system);
      const who = await whoAmI(account, { signal });
      pin.start(credential, who);
      return who;
    },
  };
}
