import { hash } from "node:crypto";
import type { System } from "../../base/system.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import { openListener, originOf, type ProxyListener } from "../../proxy/index.ts";
import { targetText, type TargetReference } from "../../route/index.ts";
import type { OpenSettings } from "./settings.ts";

export interface FrontRequest {
  readonly system: System;
  readonly settings: OpenSettings;
  readonly config: ClientConfig;
  readonly reference: TargetReference;
  /** URL of the API server. */
  readonly server: string;
}

/** Our side of the proxy: bound, named, and nobody is served yet. */
export interface Front {
  readonly listener: ProxyListener;
  /** Host name of the origin. */
  readonly host: string;
  /** Host name of the start page's origin; undefined with `--origin ip`, which has one origin only. */
  readonly startHost: string | undefined;
  /** With `--origin ip`: the address that is the origin. */
  readonly ip: string | undefined;
}

/** Needs nothing of the cluster, so that it is done while the pod is looked for. @throws {KnownError} PORT_TAKEN, LISTEN_FAILED */
export async function openFront(request: FrontRequest): Promise<Front> {
  const { system, settings, config, reference } = request;
  const ip = settings.origin === "ip" ? originAddress(system, settings) : undefined;
  const listener = await openListener({ addresses: settings.addresses, ip }, system);
  if (ip !== undefined) return { listener, host: ip, startHost: undefined, ip };
  try {
    const inputs = {
      server: request.server,
      authority: authorityOf(config),
      namespace: reference.namespace ?? config.namespace,
      target: targetText(reference),
      port: reference.port ?? "",
      user: config.userName ?? "",
    };
    const host = await originOf(system, reference.name, inputs, listener.port);
    const own = { ...inputs, target: `start page of ${inputs.target}` };
    return { listener, host, startHost: await originOf(system, "kauth", own, listener.port), ip };
  } catch (error) {
    await listener[Symbol.asyncDispose]();
    throw error;
  }
}

/** Tells clusters of one address apart. */
export const authorityOf = ({ cluster }: ClientConfig): string =>
  hash("sha256", cluster.certificateAuthorityData ?? cluster.certificateAuthority ?? "", "hex");

/** A loopback address of this run alone, where the system has more than one (security.md R-N2). */
const originAddress = (system: System, settings: OpenSettings): string => {
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
