import { whoAmI } from "../../api/index.ts";
import { userAgent } from "../../base/version.ts";
import {
  createForwarder,
  createLegs,
  type Forwarder,
  type ForwarderOptions,
  type Site,
  type SiteHooks,
} from "../../proxy/index.ts";
import { directLeg } from "../../ui/index.ts";
import { apiUpstream, type ApiUpstreamOptions } from "./api-upstream.ts";

export interface DirectOptions extends ApiUpstreamOptions {
  /** Of the pod; nothing of the person goes there. */
  readonly site: Site;
  readonly forwarding: ForwarderOptions;
}

/** What Headlamp names the cluster that it runs in, and the API is found under in any other UI. */
const CLUSTER = "main";

/** The API for the pages of a site, from this machine; everything else goes to the pod without a credential. */
export function directForwarder(options: DirectOptions): Forwarder {
  const { connection, site, system, forwarding } = options;
  const { origin } = new URL(connection.server);
  const { choose, narrow } = directLeg({
    cluster: CLUSTER,
    origin,
    prefix: connection.prefix,
    userAgent: userAgent(system),
    me: async () => {
      const who = await whoAmI(connection);
      return { username: who?.username ?? "", email: "", groups: who?.groups ?? [], userInfoURL: "" };
    },
  });
  const direct: Site = {
    ...site,
    upstream: apiUpstream(options),
    // TLS is the connection's own, with the kubeconfig's authorities.
    scheme: "http",
    authority: connection.authority,
    narrow,
    hooks: eventHooks(site),
  };
  return createLegs({
    system,
    choose,
    onIncident: forwarding.onIncident,
    pod: createForwarder(site, forwarding),
    direct: createForwarder(direct, forwarding),
  });
}

/**
 * Watches are the same on either way, and one that is lost here is lost to the same page. What says of an answer that a
 * credential was refused is about the UI's back end.
 */
const eventHooks = ({ hooks }: Site): Pick<SiteHooks, "resumable" | "lost" | "added" | "expendable"> => ({
  ...(hooks?.resumable === undefined ? {} : { resumable: hooks.resumable }),
  ...(hooks?.lost === undefined ? {} : { lost: hooks.lost }),
  ...(hooks?.added === undefined ? {} : { added: hooks.added }),
  ...(hooks?.expendable === undefined ? {} : { expendable: hooks.expendable }),
});
