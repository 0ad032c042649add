import { connect, inspectServer, whoAmI, type Identity, type ServerConnection } from "../../api/index.ts";
import { isKnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import { millis } from "../../base/units.ts";
import type { Credential, CredentialSource } from "../../credentials/index.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import { asMyself, isImpersonating } from "../identity.ts";
import { credentialDoubt, type CredentialDoubt } from "./doubt.ts";
import { authorityOf } from "./front.ts";
import { identityPin, type IdentityPin } from "./identity-pin.ts";
import { whoAsks } from "./impersonation.ts";
import type { Report } from "./report.ts";
import type { OpenSettings } from "./settings.ts";
import { accountPerson, refuseWithAccount, type PodPerson } from "./service-account.ts";
import { signInOnce, type SignIn } from "./sign-in.ts";
import { podHeaders, refuseWithoutToken } from "./upstream.ts";

export interface ClusterRequest {
  readonly system: System;
  readonly settings: OpenSettings;
  readonly config: ClientConfig;
  /** Short, of ours, and different for each. */
  readonly id: string;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** There are others, so that a login that fails is shown and taken up again. */
  readonly several: boolean;
  /** All that is opened here gets the token: a person without one hears of it before anything is dialled. */
  readonly wantsToken: boolean;
  /** Of the configuration. */
  readonly plain: CredentialSource;
  /** The credential is of somebody else by now. */
  readonly onChange: () => void;
}

/** Whom the API server sees, and who asks for that; each undefined where the cluster does not tell. */
export interface People {
  readonly who: Identity | undefined;
  /** Also undefined where nobody is impersonated. */
  readonly asking: Identity | undefined;
  /** Whom the pod gets to see by a token. */
  readonly inPod: Identity | undefined;
}

/** One cluster and one person there: what all targets in it share. */
export interface OpenCluster extends AsyncDisposable {
  readonly id: string;
  readonly config: ClientConfig;
  readonly connection: ServerConnection;
  readonly source: SignIn;
  readonly pin: IdentityPin;
  readonly doubt: CredentialDoubt;
  /** Whose credential goes into pods: the person's, or with `--service-account` that one's. */
  readonly pod: PodPerson;
  /**
   * The first credential, so that a login never runs behind a page that waits. Of a failure people hear at once.
   * @throws {KnownError}
   */
  signIn(): Promise<void>;
  /** Who that is, asked once and pinned; anew after a failure. @throws {KnownError} */
  people(): Promise<People>;
  /** What `people` last said. */
  readonly known: () => People | undefined;
}

/** Dials nothing yet. @throws {KnownError} NO_BEARER_TOKEN, CLIENT_CONFIG_INVALID */
export function openCluster(request: ClusterRequest): OpenCluster {
  const { system, settings, config, report, signal, plain } = request;
  refuseWithAccount(settings, config);
  if (request.wantsToken) refuseWithoutToken(plain.method, config);
  const source = signInOnce(plain, {
    system,
    reachable: async () => (await inspectServer(config, system, { signal })).kind === "reached",
    accepted: async (rejected) => await isAccepted(config, rejected, system, signal),
  });
  // Pages are served with it, so a 401 is asked again with the renewed credential (security.md F12).
  const connection = connect(config, source, system, { replayUnauthorized: true });
  const cluster = JSON.stringify([connection.server, authorityOf(config)]);
  const onChange = (from: string, to: string): void => {
    report.emit({ event: "identity", from, to });
    request.onChange();
  };
  const pin = identityPin({
    connection,
    who: async () => {
      if (!isImpersonating(config)) return await whoAmI(connection);
      // Whomever it acts as stays the same, whoever the token belongs to.
      await using own = connect(asMyself(config), source, system, { replayUnauthorized: true });
      return await whoAmI(own);
    },
    current: async () => await source.get(),
    system,
    signal,
    cluster,
    onChange,
  });
  const account =
    settings.serviceAccount === undefined
      ? undefined
      : accountPerson({
          system,
          account: settings.serviceAccount,
          connection,
          config,
          source,
          pin,
          signal,
          cluster,
          onChange,
        });
  let credential: Credential | undefined;
  let known: People | undefined;
  let people: Promise<People> | undefined;
  const identify = async (): Promise<People> => {
    const [who, asking] = await Promise.all([
      whoAmI(connection, { signal }),
      whoAsks(config, source, { system, signal }),
    ]);
    // Where nobody could say whose the token is, the first check pins.
    const owner = isImpersonating(config) ? asking : who;
    if (credential !== undefined && (owner !== undefined || !isImpersonating(config)))
      pin.start(credential, owner);
    known = { who, asking, inPod: account === undefined ? who : await account.begin() };
    return known;
  };
  return {
    id: request.id,
    config,
    connection,
    source,
    pin,
    pod: account ?? { source, pin },
    doubt: credentialDoubt({
      system,
      accepted: async (doubted, late) =>
        await isAccepted(config, doubted, system, AbortSignal.any([signal, late])),
    }),
    signIn: async () => {
      credential = await signIn(system, request.several ? source : plain, signal);
      if (request.wantsToken) podHeaders(credential, settings.sendBroadToken);
    },
    people: async () =>
      await (people ??= identify().catch((error: unknown) => {
        people = undefined;
        throw error;
      })),
    known: () => known,
    [Symbol.asyncDispose]: async () => await connection[Symbol.asyncDispose](),
  };
}

/** Asks with this very credential; a refusal starts no login. */
const isAccepted = async (
  config: ClientConfig,
  credential: Credential,
  system: System,
  signal: AbortSignal,
): Promise<boolean> => {
  const held: CredentialSource = {
    method: "none",
    description: "the credential in hand",
    get: () => Promise.resolve(credential),
    renew: () => Promise.resolve(undefined),
  };
  await using connection = connect(config, held, system);
  return await whoAmI(connection, { signal }).then(
    () => true,
    (error: unknown) => !isKnownError(error, "UNAUTHORIZED"),
  );
};

/** Time after which a person wants to know what is being waited for. */
const SAY_AFTER = millis(1_000);

const signIn = async (system: System, source: CredentialSource, signal: AbortSignal): Promise<Credential> => {
  const told = new AbortController();
  system
    .sleep(SAY_AFTER, told.signal)
    .then(() => system.log.say(`Signing in with ${escapeLine(source.description)} …`))
    .catch((): void => undefined);
  try {
    return await source.get({ signal });
  } finally {
    told.abort();
  }
};
