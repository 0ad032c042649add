import { whoAmI, type ServerConnection } from "../../api/index.ts";
import { VERSION } from "../../base/version.ts";
import {
  createForwarder,
  createLegs,
  type Forwarder,
  type ForwarderOptions,
  type Site,
} from "../../proxy/index.ts";
import { directLeg, hooksFor } from "../../ui/index.ts";
import { apiUpstream, type ApiUpstreamOptions } from "./api-upstream.ts";

export interface DirectOptions extends ApiUpstreamOptions {
  readonly connection: ServerConnection;
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
    userAgent: `kauth/${VERSION} (${system.platform})`,
    me: async () => {
      const who = await whoAmI(connection);
      return { username: who?.username ?? "", email: "", groups: who?.groups ?? [], userInfoURL: "" };
    },
  });
  const { resumable } = hooksFor(undefined, () => system.monotonic());
  const direct: Site = {
    ...site,
    leg: "direct",
    upstream: apiUpstream(options),
    // TLS is the connection's own, with the kubeconfig's authorities.
    scheme: "http",
    authority: connection.authority,
    narrow,
    hooks: { ...(resumable === undefined ? {} : { resumable }), ...lostOf(site) },
  };
  return createLegs({
    system,
    choose,
    pod: createForwarder(site, forwarding),
    direct: createForwarder(direct, forwarding),
  });
}

/** A watch that is lost here is lost to the same page, which hears of it with an answer of either way. */
const lostOf = ({ hooks }: Site): Pick<NonNullable<Site["hooks"]>, "lost" | "added" | "expendable"> => ({
  ...(hooks?.lost === undefined ? {} : { lost: hooks.lost }),
  ...(hooks?.added === undefined ? {} : { added: hooks.added }),
  ...(hooks?.expendable === undefined ? {} : { expendable: hooks.expendable }),
});
