import { hash } from "node:crypto";
import type { Connection } from "../../api/index.ts";
import { isKnownError, KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import {
  createForwarder,
  createLazy,
  createPermitted,
  hostAndPort,
  type Forwarder,
  type Leg,
  type Origin,
  type Site,
} from "../../proxy/index.ts";
import {
  authorityOf,
  openRoute,
  targetText,
  type Backend,
  type Route,
  type TargetReference,
} from "../../route/index.ts";
import { podDialer } from "../../tunnel/index.ts";
import { isImpersonating } from "../identity.ts";
import { hooksFor, isNamed, onlyReads, type UserPreset } from "../../ui/index.ts";
import { askYes } from "./ask.ts";
import { carrierMemory } from "./carrier-memory.ts";
import type { OpenCluster, People } from "./cluster.ts";
import { directForwarder, whyKeptBack } from "./direct.ts";
import type { Front } from "./front.ts";
import { actingAs, uiHeaders, type ActingAs } from "./impersonation.ts";
import { incidentReports } from "./incidents.ts";
import { legFor } from "./leg.ts";
import type { Report } from "./report.ts";
import type { OpenSettings } from "./settings.ts";
import { accountText } from "./service-account.ts";
import { signsOf } from "./signs.ts";
import { spokenBy } from "./spoken.ts";
import { targetStates } from "./states.ts";
import { checkAnswers } from "./what-answers.ts";
import { recipeHeaders, uiPlan, type UiPlan } from "./ui-plan.ts";
import { podHeaders, podUpstream, refuseWithoutToken } from "./upstream.ts";

export interface TargetRequest {
  readonly system: System;
  readonly settings: OpenSettings;
  readonly cluster: OpenCluster;
  readonly reference: TargetReference;
  /** Id of the UI that it was found as. Undefined: somebody has named the Service itself. */
  readonly ui?: string | undefined;
  /** Of config.yaml. */
  readonly presets: readonly UserPreset[];
  /** Short, of ours, and different for each. */
  readonly id: string;
  readonly origin: Origin;
  readonly front: Front;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** A pod was found; nothing has been asked of it. */
  readonly onOpen: (opened: OpenedTarget) => void;
}

/** What is known once a pod has been found. */
export interface OpenedTarget {
  readonly backend: Backend;
  readonly acting: ActingAs | undefined;
  /** What it gets of the person. */
  readonly plan: UiPlan;
  /** Which way requests of the Kubernetes API go. */
  readonly leg: Leg;
  /** With the direct leg: why the UI's back end gets no token. Undefined: it does for what needs it. */
  readonly keptBack: string | undefined;
}

/** What finding has made: a data plane, and what is known of what is behind it. */
interface Made {
  readonly found: OpenedTarget;
  readonly forwarder: Forwarder;
}

/** Of the way to a pod, or that nobody has asked for one yet. */
export type TargetState = Route["state"]["kind"] | "idle";

/** One UI of one cluster, at an origin of its own. Disposing ends its way to the pod. */
export interface Target extends AsyncDisposable {
  readonly id: string;
  readonly cluster: OpenCluster;
  readonly reference: TargetReference;
  readonly namespace: string;
  readonly origin: Origin;
  /** Finds the pod when something is first asked of it. */
  readonly forwarder: Forwarder;
  readonly state: () => TargetState;
  /** Why nothing can be asked of it now. Undefined: it can, or nobody has tried. */
  readonly trouble: () => KnownError | undefined;
  /** Monotonic milliseconds; when something was last asked for. */
  readonly usedAt: () => number;
  /** What is known since a pod was found; undefined: none was yet. */
  readonly opened: () => OpenedTarget | undefined;
  /** Finds the pod now, once for all who ask. After a failure it is tried again. @throws {KnownError} */
  open(signal: AbortSignal): Promise<OpenedTarget>;
}

/** Opens nothing yet. */
export function createTarget(request: TargetRequest): Target {
  const { system, settings, cluster, reference, report, signal } = request;
  const namespace = reference.namespace ?? cluster.config.namespace;
  const onIncident = incidentReports(system, report);
  let usedAt = Number.NEGATIVE_INFINITY;
  let route: Promise<Route> | undefined;
  let current: Route | undefined;
  let opening: Promise<Made> | undefined;
  let made: Made | undefined;
  let failed: KnownError | undefined;

  const onUse = (): void => {
    usedAt = system.monotonic();
  };

  const planOf = (backend: Backend): UiPlan =>
    uiPlan(signsOf(backend, reference), settings, request.presets, request.ui);
  /** Whoever has no token hears of that before any right to forward is asked for. */
  const refuseEarly = (backend: Backend): void => {
    if (made !== undefined || settings.serviceAccount !== undefined) return;
    const plan = planOf(backend);
    if (legFor(settings, plan.preset) === "pod" && plan.sends === "bearer")
      refuseWithoutToken(cluster.source.method, cluster.config);
  };

  const find = async (until: AbortSignal): Promise<Made> => {
    const people = settings.anonymous ? undefined : cluster.people();
    // It may fail before the route is there, and is looked at below.
    people?.catch((): void => undefined);
    current = await (route ??= routeTo(request, namespace, refuseEarly));
    const [who, ready] = await Promise.all([people, current.ready(until)]);
    const plan = planOf(ready);
    const backend = { ...ready, scheme: spokenBy(ready, reference, plan.preset, request.presets) };
    const leg = legFor(settings, plan.preset);
    // Only now is it known that it wants one.
    if (leg === "pod" && plan.sends === "bearer") await refuseForPod(request, until);
    // What cannot be sent is told now, and not to a page.
    recipeHeaders(plan, who?.inPod);
    // Whomever it acts as stays the same; anybody else is who the pages were opened as last.
    const person = isImpersonating(cluster.config) ? () => who?.inPod : () => cluster.pod.pin.person();
    const headers = plan.recipes.length === 0 ? undefined : () => recipeHeaders(plan, person());
    if (settings.confirm) await confirm(system, whoseToken(settings, who), backend, until);
    const acting = settings.anonymous
      ? undefined
      : actingAs(cluster.config, plan.preset, who?.asking?.username, leg);
    const site = siteOf(request, { backend, route: current, acting, plan, headers, leg, onUse });
    const gets = leg === "pod" && plan.sends !== "nothing";
    const unproven = gets && !isNamed(plan.preset, reference.name, namespace);
    // Who has named a Service wants that one, whatever it is.
    if (request.ui !== undefined)
      await checkAnswers({
        site,
        system,
        reference,
        namespace,
        preset: plan.preset,
        unproven,
        signal: until,
      });
    const forwarding = { system, onIncident };
    const { source, pin, doubt, connection } = cluster;
    const keptBack = whyKeptBack({
      wanted: settings.sendBroadToken,
      method: source.method,
      impersonating: isImpersonating(cluster.config),
    });
    const forwarder =
      leg === "direct"
        ? directForwarder({
            system,
            source,
            pin,
            doubt,
            connection,
            site,
            forwarding,
            onUse,
            headlamp: plan.preset?.id === "headlamp",
            keptBack,
          })
        : createForwarder(site, forwarding);
    made = { found: { backend, acting, plan, leg, keptBack }, forwarder };
    request.onOpen(made.found);
    return made;
  };

  const open = async (until: AbortSignal): Promise<Made> => {
    opening ??= find(until).catch((error: unknown) => {
      opening = undefined;
      // What the way to the pod knows itself it also knows to be over.
      failed = isKnownError(error) && current?.trouble() === undefined ? error : undefined;
      throw error;
    });
    const now = await opening;
    failed = undefined;
    return now;
  };

  const lazy = createLazy({
    system,
    open: async () => {
      onUse();
      const { forwarder } = await open(signal);
      return forwarder;
    },
    trouble: () => {
      const state = cluster.source.state();
      return state.kind === "failed" ? state.error : current?.trouble();
    },
    onIncident,
    start: startOf(request.front),
  });

  return {
    id: request.id,
    cluster,
    reference,
    namespace,
    origin: request.origin,
    forwarder: settings.readOnly
      ? createPermitted({ system, inner: lazy, permits: onlyReads, onIncident })
      : lazy,
    state: () => current?.state.kind ?? "idle",
    trouble: () => failed ?? current?.trouble(),
    usedAt: () => usedAt,
    opened: () => made?.found,
    open: async (until) => (await open(until)).found,
    [Symbol.asyncDispose]: async () => {
      await lazy[Symbol.asyncDispose]();
      // Nobody may have asked anything of it.
      await made?.forwarder[Symbol.asyncDispose]();
      // What could not be made has nothing to end.
      const way = await route?.catch((): undefined => undefined);
      await way?.[Symbol.asyncDispose]();
    },
  };
}

/** Address of the start page; undefined: there is none. */
const startOf = ({ startHost, listener }: Front): string | undefined =>
  startHost === undefined ? undefined : `http://${hostAndPort(startHost, listener.port)}/`;

const routeTo = async (
  request: TargetRequest,
  namespace: string,
  /** A pod is about to be dialled. @throws {KnownError} why it is not */
  onFound: (backend: Backend) => void,
): Promise<Route> => {
  const { system, report, settings, reference } = request;
  const { connection, source } = request.cluster;
  const memory = await carrierMemory(system, carrierKey(connection));
  const states = targetStates(report);
  source.onChange(states.signIn);
  let announced = false;
  return openRoute({
    connection,
    system,
    reference,
    namespace,
    dialPod: (backend, verify) => {
      onFound(backend);
      return podDialer(
        connection,
        { namespace: backend.namespace, name: backend.pod },
        { system, carrier: settings.carrier, memory, verify },
      );
    },
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

/** Where it hangs on what the UI is whether its pod gets the token. @throws {KnownError} TOKEN_TOO_BROAD */
const refuseForPod = async ({ cluster, settings }: TargetRequest, signal: AbortSignal): Promise<void> => {
  const { source } = cluster;
  // Its tokens are there by then, and are for this cluster only.
  if (settings.serviceAccount !== undefined) return;
  podHeaders(await source.get({ signal }), settings.sendBroadToken);
};

const carrierKey = ({ server, proxy }: Connection): string => `${server} ${proxy ?? ""}`.trimEnd();

const siteOf = (
  request: TargetRequest,
  found: {
    readonly backend: Backend;
    readonly route: Route;
    readonly acting: ActingAs | undefined;
    readonly plan: UiPlan;
    /** Of its recipes. */
    readonly headers: (() => RawHeaders) | undefined;
    readonly leg: Leg;
    readonly onUse: () => void;
  },
): Site => {
  const { system, settings, reference, cluster, front, origin } = request;
  const { backend, route, plan, headers } = found;
  const start = startOf(front);
  return {
    ...origin,
    upstream: podUpstream({
      system,
      route,
      source: cluster.pod.source,
      pin: cluster.pod.pin,
      doubt: cluster.doubt,
      // With the direct leg the pod has nothing to do with who somebody is.
      anonymous: plan.sends !== "bearer" || found.leg === "direct",
      sendBroadToken: settings.sendBroadToken,
      impersonate: uiHeaders(cluster.config, found.acting),
      headers,
      onUse: found.onUse,
    }),
    scheme: backend.scheme,
    authority: authorityOf(reference, backend),
    stripCookies: plan.stripCookies,
    ownHeaders: plan.ownHeaders,
    preserveOrigin: settings.preserveOrigin,
    cookiePrefix:
      front.ip === undefined
        ? undefined
        : `k${hash("sha256", `${front.ip}/${targetText(reference)}`, "hex").slice(0, 8)}-`,
    upstreamCa: settings.upstreamCa,
    ...(start === undefined ? {} : { start }),
    hooks: hooksFor(plan.preset, () => system.monotonic()),
  };
};

/** In the words of a question. */
const whoseToken = ({ serviceAccount }: OpenSettings, people: People | undefined): string => {
  if (serviceAccount !== undefined) return `tokens of ServiceAccount ${accountText(serviceAccount)}`;
  const user = (people?.asking ?? people?.who)?.username;
  return user === undefined ? "your token" : `the token of ${escapeLine(user)}`;
};

const confirm = async (
  system: System,
  whose: string,
  backend: Backend,
  signal: AbortSignal,
): Promise<void> => {
  if (!system.stdinIsTerminal)
    throw new KnownError("CONSENT_REFUSED", "Cannot ask for --confirm: standard input is no terminal");
  const image = backend.image === undefined ? "" : ` (image ${escapeLine(backend.image)})`;
  const question = `Send ${whose} to pod ${escapeLine(backend.namespace)}/${escapeLine(backend.pod)}${image}? [y/N] `;
  if (!(await askYes(question, signal)))
    throw new KnownError("CONSENT_REFUSED", "Nothing was sent: you did not agree");
};
