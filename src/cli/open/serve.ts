import { hash } from "node:crypto";
import type { RawHeaders } from "../../base/headers.ts";
import type { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import type { ServerConnection } from "../../api/index.ts";
import {
  createForwarder,
  hostAndPort,
  serveProxy,
  type LaunchFile,
  type ProxyEvent,
  type ProxyServer,
  type Site,
} from "../../proxy/index.ts";
import {
  authorityOf,
  targetText,
  type Backend,
  type Route,
  type TargetReference,
} from "../../route/index.ts";
import { hooksFor, knownUi } from "../../ui/index.ts";
import { directForwarder } from "./direct.ts";
import type { CredentialDoubt } from "./doubt.ts";
import type { Front } from "./front.ts";
import type { IdentityPin } from "./identity-pin.ts";
import { incidentReports } from "./incidents.ts";
import { launch } from "./launch.ts";
import type { Report } from "./report.ts";
import type { OpenSettings } from "./settings.ts";
import type { SignIn } from "./sign-in.ts";
import { signsOf } from "./signs.ts";
import { startSite } from "./start-site.ts";
import { strangerWarnings } from "./strangers.ts";
import { writeTokenFile } from "./token-file.ts";
import { podUpstream } from "./upstream.ts";

export interface ServeRequest {
  readonly system: System;
  readonly settings: OpenSettings;
  /** Where the pages are to be served; ours to close from now on. */
  readonly front: Front;
  readonly connection: ServerConnection;
  readonly route: Route;
  readonly source: SignIn;
  readonly pin: IdentityPin;
  readonly doubt: CredentialDoubt;
  readonly report: Report;
  readonly reference: TargetReference;
  readonly backend: Backend;
  /** Headers beside the one that signs in: whom the UI is asked to act as. */
  readonly impersonate: RawHeaders;
}

/** A target that is being served. Disposing ends all that belongs to it. */
export interface Served extends AsyncDisposable {
  /** The page's address; it needs a session. */
  readonly url: string;
  readonly addresses: readonly string[];
  /** A new one-time link; the earlier one is void. */
  newLink(): Secret;
  /** Opens the browser, or prints a link, and keeps giving links for Enter until the signal aborts. */
  launch(signal: AbortSignal): Promise<void>;
  /** Requests and WebSockets that are not over. */
  readonly inFlight: number;
  /** Whether something is in flight, or was asked for in the last ten minutes. */
  readonly used: () => boolean;
  /** Whoever has a page open has to launch it anew. */
  endSessions(): void;
  /** Lets what is in flight end, for at most 10 s. */
  drain(): Promise<void>;
}

/** What the app must not see of its own cookies, until presets say it (decisions.md "Headers before presets exist"). */
const APP_COOKIES = ["headlamp-auth-*", "token", "jweToken"];

/** Puts the proxy in front of a route. @throws {KnownError} API_TOKEN_FILE */
export async function servePod(request: ServeRequest): Promise<Served> {
  const { system, settings, route, report } = request;
  const { listener } = request.front;
  const warnOfStranger = strangerWarnings(system);
  let server: ProxyServer | undefined;
  try {
    let usedAt = system.monotonic();
    const onUse = (): void => {
      usedAt = system.monotonic();
    };
    const site = siteOf(request, onUse);
    const forwarding = { system, onIncident: incidentReports(system, report) };
    const { source, pin, doubt, connection } = request;
    const forwarder =
      settings.leg === "direct"
        ? directForwarder({ system, source, pin, doubt, connection, site, forwarding, onUse })
        : createForwarder(site, forwarding);
    const start =
      request.front.startHost === undefined
        ? undefined
        : startSite({
            system,
            host: request.front.startHost,
            source: request.source,
            pin: request.pin,
            route,
            target: { title: site.title, url: `http://${hostAndPort(site.host, listener.port)}${site.path}` },
            next: () => serving.newLaunch(site, { printed: false }).url,
          });
    const first = start?.site ?? site;
    server = await serveProxy({
      system,
      listener,
      sites: [{ site, forwarder }, ...(start === undefined ? [] : [start])],
      sessions: !settings.noSession,
      onEvent: (event) => {
        tell(event, site);
        // Whoever used the link first may have gone on to the target.
        if (event.kind === "raced" && event.site !== site) serving.endSessions(site);
      },
    });
    const serving = server;
    let file: LaunchFile | undefined;
    if (settings.noSession)
      system.log.warn("Every program of yours on this machine gets in without a session (--no-session)");
    const tokenFile =
      settings.apiTokenFile === undefined
        ? undefined
        : await writeTokenFile(system, settings.apiTokenFile, serving.apiToken);
    return {
      url: `${serving.originOf(site)}${site.path}`,
      addresses: listener.addresses,
      get inFlight() {
        return serving.active.exchanges;
      },
      newLink: () => serving.newLaunch(first, { printed: true }).url,
      launch: async (signal) =>
        await launch({
          system,
          settings,
          report,
          server: serving,
          site,
          first,
          signal,
          onEnter: () => {
            if (request.source.state().kind !== "failed") return false;
            void request.source.again();
            return true;
          },
          onFile: (made) => (file = made),
        }),
      used: () => serving.active.exchanges > 0 || system.monotonic() - usedAt < IN_USE,
      endSessions: () => serving.endSessions(site),
      drain: async () => await serving.drain(),
      [Symbol.asyncDispose]: async () => {
        await file?.remove();
        await serving[Symbol.asyncDispose]();
        await forwarder[Symbol.asyncDispose]();
        await listener[Symbol.asyncDispose]();
        await tokenFile?.remove();
        await route[Symbol.asyncDispose]();
        await request.connection[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await server?.[Symbol.asyncDispose]();
    await listener[Symbol.asyncDispose]();
    throw error;
  }

  function tell(event: ProxyEvent, site: Site): void {
    if (event.kind === "session") {
      if (event.site !== site) return;
      // Whoever opens the pages now knows as whom.
      request.pin.release();
      report.emit({ event: "session", state: "started", reason: undefined });
    }
    if (event.kind === "raced")
      report.emit({
        event: "session",
        state: "ended",
        reason: event.ended
          ? "its launch link was used a second time, so somebody else may have had it"
          : "a launch link was used a second time; no session is left of it",
      });
    if (event.kind !== "stranger") return;
    if (event.uid !== undefined) warnOfStranger(event.uid);
    // Mostly one that was closed before anybody could look.
    else system.log.verbose(2, "A connection whose user cannot be told was reset");
  }
}

/** Milliseconds. */
const IN_USE = 600_000;

const siteOf = (request: ServeRequest, onUse: () => void): Site => {
  const { system, settings, reference, backend } = request;
  const { host, ip } = request.front;
  const target = targetText(reference);
  return {
    host,
    title: `${target} in ${backend.namespace}`,
    upstream: podUpstream({
      system,
      route: request.route,
      source: request.source,
      pin: request.pin,
      doubt: request.doubt,
      // With the direct leg the pod has nothing to do with who somebody is.
      anonymous: settings.anonymous || settings.leg === "direct",
      sendBroadToken: settings.sendBroadToken,
      impersonate: request.impersonate,
      onUse,
    }),
    scheme: backend.scheme,
    authority: authorityOf(reference, backend),
    path: reference.path,
    stripCookies: APP_COOKIES,
    preserveOrigin: settings.preserveOrigin,
    cookiePrefix: ip === undefined ? undefined : `k${hash("sha256", `${ip}/${target}`, "hex").slice(0, 8)}-`,
    upstreamCa: settings.upstreamCa,
    ...(request.front.startHost === undefined
      ? {}
      : { start: `http://${hostAndPort(request.front.startHost, request.front.listener.port)}/` }),
    hooks: hooksFor(knownUi(signsOf(backend, reference)), () => system.monotonic()),
  };
};
