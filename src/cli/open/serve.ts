import type { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import {
  serveProxy,
  type LaunchFile,
  type Origin,
  type ProxyEvent,
  type ProxyServer,
} from "../../proxy/index.ts";
import type { ContextLook } from "../config-contexts.ts";
import type { Way } from "./instance-words.ts";
import { launch, launchFile } from "./launch.ts";
import type { OpenCluster } from "./cluster.ts";
import type { Front } from "./front.ts";
import type { Report } from "./report.ts";
import type { OpenSettings } from "./settings.ts";
import { startSite } from "./start-site.ts";
import { strangerWarnings } from "./strangers.ts";
import type { Target } from "./target.ts";
import { writeTokenFile } from "./token-file.ts";

export interface ServeRequest {
  readonly system: System;
  readonly settings: OpenSettings;
  /** Where the pages are to be served; ours to close from now on. */
  readonly front: Front;
  readonly clusters: readonly OpenCluster[];
  readonly targets: readonly Target[];
  readonly report: Report;
  /** Ends the program, as a signal does. */
  readonly stop: () => void;
  /** What a person should know of the kubeconfig that a cluster was selected with. */
  readonly notice: (config: ClientConfig) => string | undefined;
  /** How contexts are marked, by their names. Default: none is. */
  readonly contexts?: ReadonlyMap<string, ContextLook> | undefined;
}

/** Targets that are being served. Disposing ends all that belongs to them. */
export interface Served extends AsyncDisposable {
  /** The page's address; it needs a session. With several targets it is the start page's. */
  readonly url: string;
  readonly addresses: readonly string[];
  /** The address of a target's page; it needs a session. */
  urlOf(target: Pick<Target, "origin">): string;
  /** A new one-time link; the earlier one is void. */
  newLink(): Secret;
  /** The same for another kauth of this user: a link to print, or the path of a file to start a browser on. `targets` are indexes. */
  newWay(as: "link" | "file", targets: readonly number[]): Promise<Way>;
  /** Opens the browser, or prints a link, and keeps giving links for Enter until the signal aborts. */
  launch(signal: AbortSignal): Promise<void>;
  /** Requests and WebSockets that are not over. */
  readonly inFlight: number;
  /** Whoever has a page of the target open has to launch it anew. */
  endSessions(target: Target): void;
  /** Lets what is in flight end, for at most 10 s. */
  drain(): Promise<void>;
}

/** Puts the proxy in front of the targets. @throws {KnownError} API_TOKEN_FILE */
export async function serveTargets(request: ServeRequest): Promise<Served> {
  const { system, settings, targets, clusters, report, front } = request;
  const { listener } = front;
  const warnOfStranger = strangerWarnings(system);
  let server: ProxyServer | undefined;
  try {
    const start =
      front.startHost === undefined
        ? undefined
        : startSite({
            system,
            host: front.startHost,
            clusters,
            targets,
            readOnly: settings.readOnly,
            serviceAccount: settings.serviceAccount,
            notice: request.notice,
            contexts: request.contexts,
            linkTo: (target) => serving.newLaunch(target.origin, { printed: false }).url,
            stop: request.stop,
          });
    const [only, ...more] = targets;
    if (only === undefined) throw new TypeError("somebody opens something");
    const first = start?.site ?? only.origin;
    const last = more.length === 0 ? only.origin : first;
    server = await serveProxy({
      system,
      listener,
      sites: [
        ...targets.map(({ origin, forwarder }) => ({ site: origin, forwarder })),
        ...(start === undefined ? [] : [start]),
      ],
      sessions: !settings.noSession,
      onEvent: (event) => {
        tell(event, start?.site);
        // Whoever used the link first may have gone on to the targets.
        if (event.kind === "raced" && event.site === start?.site)
          for (const { origin } of targets) serving.endSessions(origin);
      },
    });
    const serving = server;
    const files = new Set<LaunchFile>();
    if (settings.noSession)
      system.log.warn("Every program of yours on this machine gets in without a session (--no-session)");
    const tokenFile =
      settings.apiTokenFile === undefined
        ? undefined
        : await writeTokenFile(system, settings.apiTokenFile, serving.apiToken);
    const addressOf = (origin: Origin): string => `${serving.originOf(origin)}${origin.path}`;
    return {
      url: addressOf(last),
      addresses: listener.addresses,
      urlOf: ({ origin }) => addressOf(origin),
      get inFlight() {
        return serving.active.exchanges;
      },
      newLink: () => serving.newLaunch(first, { printed: true }).url,
      newWay: async (as, asked) => {
        const [index = 0, ...others] = asked;
        const one = targets[index];
        // Of several that are served, whoever wants one of them has chosen.
        const chosen = one !== undefined && others.length === 0 && more.length > 0 ? one.origin : first;
        if (as === "link") {
          const { url, life } = serving.newLaunch(chosen, { printed: true });
          return { way: url.reveal(), goodForSeconds: Math.round(life / 1000) };
        }
        const site = chosen === first ? last : chosen;
        const made = await launchFile({ system, server: serving, site, first: chosen });
        files.add(made);
        return { way: made.path, goodForSeconds: made.goodForSeconds };
      },
      launch: async (signal) =>
        await launch({
          system,
          settings,
          report,
          server: serving,
          site: last,
          first,
          signal,
          onEnter: () => {
            const ended = clusters.filter(({ source }) => source.state().kind === "failed");
            for (const { source } of ended) void source.again();
            return ended.length > 0;
          },
          onFile: (made) => files.add(made),
        }),
      endSessions: ({ origin }) => serving.endSessions(origin),
      drain: async () => await serving.drain(),
      [Symbol.asyncDispose]: async () => {
        for (const each of files) await each.remove();
        await serving[Symbol.asyncDispose]();
        await Promise.all(targets.map(async (target) => await target[Symbol.asyncDispose]()));
        await listener[Symbol.asyncDispose]();
        await tokenFile?.remove();
        await Promise.all(clusters.map(async (cluster) => await cluster[Symbol.asyncDispose]()));
      },
    };
  } catch (error) {
    await server?.[Symbol.asyncDispose]();
    await listener[Symbol.asyncDispose]();
    throw error;
  }

  function tell(event: ProxyEvent, start: Origin | undefined): void {
    if (event.kind === "session") {
      const opened = targets.find(({ origin }) => origin === event.site);
      // The start page of one target only leads on to it.
      if (opened === undefined && (start === undefined || targets.length === 1)) return;
      // Whoever opens the pages now knows as whom.
      if (opened !== undefined) opened.cluster.pod.pin.release();
      else for (const { pod } of clusters) pod.pin.release();
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
