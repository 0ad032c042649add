import { hash } from "node:crypto";
import type { System } from "../../base/system.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import { openListener, originOf, type OriginInputs, type ProxyListener } from "../../proxy/index.ts";
import { targetText, type TargetReference } from "../../route/index.ts";
import { accountText } from "./service-account.ts";
import type { OpenSettings } from "./settings.ts";
import { whoseAddress } from "./whose-address.ts";

export interface FrontRequest {
  readonly system: System;
  readonly settings: Pick<OpenSettings, "origin" | "addresses" | "anonymous" | "serviceAccount">;
  readonly targets: readonly FrontTarget[];
}

export interface FrontTarget {
  readonly config: ClientConfig;
  readonly reference: TargetReference;
  /** URL of the API server. */
  readonly server: string;
}

/** Our side of the proxy: bound, named, and nobody is served yet. */
export interface Front {
  readonly listener: ProxyListener;
  /** Host names of the targets' origins, in their order. */
  readonly hosts: readonly string[];
  /** Host name of the start page's origin; undefined with `--origin ip`, which has one origin only. */
  readonly startHost: string | undefined;
  /** With `--origin ip`: the address that is the origin. */
  readonly ip: string | undefined;
}

/** Needs nothing of the cluster. @throws {KnownError} PORT_TAKEN, LISTEN_FAILED */
export async function openFront({ system, settings, targets }: FrontRequest): Promise<Front> {
  const ip = settings.origin === "ip" ? originAddress(system, settings) : undefined;
  const listener = await openListener({ addresses: settings.addresses, ip }, system, whoseAddress(system));
  if (ip !== undefined) return { listener, hosts: [ip], startHost: undefined, ip };
  try {
    const all = targets.map((target) => ({ target, inputs: originInputs(target, settings) }));
    const hosts: string[] = [];
    for (const { target, inputs } of all) {
      const { name } = target.reference;
      const host = await originOf(system, name, inputs, listener.port);
      // Two contexts may say the same of cluster and user, and each of their pages has a session of its own.
      const own = { ...inputs, target: `${inputs.target} of ${target.config.contextName ?? ""}` };
      hosts.push(hosts.includes(host) ? await originOf(system, name, own, listener.port) : host);
    }
    const [first] = all;
    if (first === undefined) throw new TypeError("somebody opens something");
    // Others of the same run change nothing of the one target's.
    const what = all.map(({ inputs }) => inputs.target).join(" ");
    const own = { ...first.inputs, target: `start page of ${what}` };
    return { listener, hosts, startHost: await originOf(system, "kauth", own, listener.port), ip };
  } catch (error) {
    await listener[Symbol.asyncDispose]();
    throw error;
  }
}

/** What makes the name of a target's origin (security.md R-D1). */
const originInputs = (
  { config, reference, server }: FrontTarget,
  settings: Pick<OpenSettings, "anonymous" | "serviceAccount">,
): OriginInputs => ({
  server,
  authority: authorityOf(config),
  namespace: reference.namespace ?? config.namespace,
  target: targetText(reference),
  port: reference.port ?? "",
  user: personOf(config, settings),
});

/** What a UI keeps of one person in the browser, as the cookie of its own session, must not sign in the other. */
const personOf = (
  { userName = "", impersonate }: ClientConfig,
  { anonymous, serviceAccount }: Pick<OpenSettings, "anonymous" | "serviceAccount">,
): string => {
  const { user = "", uid, groups, extra } = impersonate;
  if (anonymous) return `${userName} as nobody`;
  if (serviceAccount !== undefined) return `${userName} with ${accountText(serviceAccount)}`;
  return user === "" ? userName : `${userName} as ${JSON.stringify([user, uid, groups, [...extra]])}`;
};

/** Tells clusters of one address apart. */
export const authorityOf = ({ cluster }: ClientConfig): string =>
  hash("sha256", cluster.certificateAuthorityData ?? cluster.certificateAuthority ?? "", "hex");

/** A loopback address of this run alone, where the system has more than one (security.md R-N2). */
const originAddress = (system: System, settings: Pick<OpenSettings, "addresses">): string => {
  const [first] = settings.addresses;
  if (first !== undefined) return first.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  if (system.platform !== "linux") {
    system.log.warn("With --origin ip every program that listens on 127.0.0.1 receives the session's cookie");
    return "127.0.0.1";
  }
  const bytes = system.random(3);
  // 127.0.0.x and the broadcast address are taken by others.
  return `127.${(bytes[0] ?? 0) % 254 || 1}.${bytes[1] ?? 0}.${((bytes[2] ?? 0) % 254) + 1}`;
};
