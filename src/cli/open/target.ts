import { connect, inspectServer, whoAmI, type Connection } from "../../api/index.ts";
import { isKnownError, KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import { millis } from "../../base/units.ts";
import { credentialSource, type Credential, type CredentialSource } from "../../credentials/index.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import { openRoute, targetText, type Backend, type Route, type TargetReference } from "../../route/index.ts";
import { podDialer } from "../../tunnel/index.ts";
import { withEnd } from "../credential-text.ts";
import { asMyself, endOf, isImpersonating } from "../identity.ts";
import { askYes } from "./ask.ts";
import { carrierMemory } from "./carrier-memory.ts";
import { actingAs, uiHeaders, whoAsks } from "./impersonation.ts";
import { credentialDoubt } from "./doubt.ts";
import { authorityOf, openFront, type Front } from "./front.ts";
import { identityPin } from "./identity-pin.ts";
import { keepFresh } from "./keep-fresh.ts";
import type { Report } from "./report.ts";
import { servePod, type Served } from "./serve.ts";
import type { OpenSettings } from "./settings.ts";
import { reportSignIn } from "./sign-in-events.ts";
import { signInOnce } from "./sign-in.ts";
import { targetStates, type TargetStates } from "./states.ts";
import { podHeaders, refuseWithoutToken } from "./upstream.ts";
import { keepYoungMemorySmall } from "./young-memory.ts";

export interface OpenRequest {
  readonly system: System;
  readonly settings: OpenSettings;
  readonly config: ClientConfig;
  readonly reference: TargetReference;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** Signs in, finds the pod, connects and serves it; the pages answer when this resolves. @throws {KnownError} */
export async function openTarget(request: OpenRequest): Promise<Served> {
  const { system, settings, config, reference, report, signal } = request;
  keepYoungMemorySmall(system);
  let serving = false;
  const plain = credentialSource(config, system, {
    ...settings.plugins,
    // Once pages are served, nobody watches this terminal for a question (security.md R-N18).
    interactive: () => !serving && system.stdinIsTerminal,
    unavailable: "pages are served, and nobody watches this terminal",
  });
  const toPod = !settings.anonymous && settings.leg === "pod";
  if (toPod) refuseWithoutToken(plain.method, config);
  const source = signInOnce(plain, {
    system,
    reachable: async () => (await inspectServer(config, system, { signal })).kind === "reached",
    accepted: async (rejected) => await isAccepted(config, rejected, system, signal),
  });
  // Pages are served with it, so a 401 is asked again with the renewed credential (security.md F12).
  const connection = connect(config, source, system, { replayUnauthorized: true });
  let route: Route | undefined;
  let front: Promise<Front> | undefined;
  let credential: Credential | undefined;
  let served: Served | undefined;
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
    cluster: JSON.stringify([connection.server, authorityOf(config)]),
    onChange: (from, to) => {
      report.emit({ event: "identity", from, to });
      served?.endSessions();
    },
  });
  try {
    // Of the first failure people hear at once.
    credential = settings.anonymous ? undefined : await signIn(system, plain, settings, signal);
    front = openFront({ ...request, server: connection.server });
    // It is awaited below; until then a failure must not be taken for one that nobody looks at.
    front.catch((): void => undefined);
    const states = targetStates(report);
    route = await routeTo(request, connection, states);
    // A port that is taken is told at once, also where the API server does not answer (security.md F31).
    const [who, asking, backend, bound] = await Promise.all([
      settings.anonymous ? undefined : whoAmI(connection, { signal }),
      settings.anonymous ? undefined : whoAsks(config, source, { system, signal }),
      route.ready(signal),
      front,
    ]);
    const acting = settings.anonymous
      ? undefined
      : actingAs(config, backend, reference, asking?.username, settings.leg);
    // The token is that of whoever asks, whomever it acts as.
    if (settings.confirm) await confirm(system, (asking ?? who)?.username, backend, signal);
    // Where nobody could say whose the token is, the first check pins.
    const owner = isImpersonating(config) ? asking : who;
    if (credential !== undefined && (owner !== undefined || !isImpersonating(config)))
      pin.start(credential, owner);
    served = await servePod({
      system,
      settings,
      front: bound,
      route,
      source,
      pin,
      doubt: credentialDoubt({
        system,
        accepted: async (doubted, late) =>
          await isAccepted(config, doubted, system, AbortSignal.any([signal, late])),
      }),
      report,
      reference,
      backend,
      connection,
      impersonate: uiHeaders(config, acting),
    });
    serving = true;
    reportSignIn(source, report, system);
    source.onChange(states.signIn);
    const { used } = served;
    if (!settings.anonymous) void keepFresh({ source, system, signal, used });
    const end = endOf(credential);
    report.emit({
      event: "ready",
      url: served.url,
      target: targetText(reference),
      port: backend.port,
      scheme: backend.scheme,
      namespace: backend.namespace,
      context: config.contextName,
      kubeconfig: config.userOrigin,
      pod: backend.pod,
      image: backend.image,
      user: who?.username,
      impersonation: acting,
      method: settings.anonymous ? "none" : source.method,
      credential: sentTo(settings, source),
      expiresAt: end === undefined ? undefined : new Date(end).toISOString(),
      addresses: served.addresses,
      apiTokenFile: settings.apiTokenFile,
    });
    return served;
  } catch (error) {
    await front?.then(
      ({ listener }) => listener[Symbol.asyncDispose](),
      () => undefined,
    );
    await route?.[Symbol.asyncDispose]();
    await connection[Symbol.asyncDispose]();
    throw withEnd(error, credential, system.now());
  }
}

/** What of the person goes into the pod. */
const sentTo = (settings: OpenSettings, source: CredentialSource): string => {
  if (settings.anonymous) return "nothing (--anonymous)";
  if (settings.leg === "direct")
    return `nothing (--leg direct): your ${source.description} goes to the API server only`;
  return `the token of your ${source.description}`;
};

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

/** The credential comes before the browser, so that a login never runs behind a page that waits. */
const signIn = async (
  system: System,
  source: CredentialSource,
  settings: OpenSettings,
  signal: AbortSignal,
): Promise<Credential> => {
  const told = new AbortController();
  system
    .sleep(SAY_AFTER, told.signal)
    .then(() => system.log.say(`Signing in with ${escapeLine(source.description)} …`))
    .catch((): void => undefined);
  try {
    const credential = await source.get({ signal });
    if (settings.leg === "pod") podHeaders(credential, settings.sendBroadToken);
    return credential;
  } finally {
    told.abort();
  }
};

const routeTo = async (
  request: OpenRequest,
  connection: Connection,
  states: TargetStates,
): Promise<Route> => {
  const { system, report, settings } = request;
  const memory = await carrierMemory(system, `${connection.server} ${connection.proxy ?? ""}`.trimEnd());
  let announced = false;
  return openRoute({
    connection,
    system,
    reference: request.reference,
    namespace: request.reference.namespace ?? request.config.namespace,
    dialPod: (backend, verify) =>
      podDialer(
        connection,
        { namespace: backend.namespace, name: backend.pod },
        { system, carrier: settings.carrier, memory, verify },
      ),
    onChange: (change) => {
      // The first connection is part of the block that `ready` prints.
      if (change.kind !== "up" || announced)
        report.emit({
          event: "pod",
          state: change.kind,
          pod: change.backend?.pod,
          image: change.backend?.image,
          reason: change.reason,
        });
      if (change.kind === "up") announced = true;
      states.change(change);
    },
    onTrouble: states.trouble,
  });
};

const confirm = async (
  system: System,
  user: string | undefined,
  backend: Backend,
  signal: AbortSignal,
): Promise<void> => {
  if (!system.stdinIsTerminal)
    throw new KnownError("CONSENT_REFUSED", "Cannot ask for --confirm: standard input is no terminal");
  const who = user === undefined ? "your token" : `the token of ${escapeLine(user)}`;
  const image = backend.image === undefined ? "" : ` (image ${escapeLine(backend.image)})`;
  const question = `Send ${who} to pod ${escapeLine(backend.namespace)}/${escapeLine(backend.pod)}${image}? [y/N] `;
  if (!(await askYes(question, signal)))
    throw new KnownError("CONSENT_REFUSED", "Nothing was sent: you did not agree");
};
