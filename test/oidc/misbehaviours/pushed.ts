import { at, json, text, type Bend } from "../bend.ts";
import { IN_BODY } from "../certified.ts";
import type { Misbehaviour } from "./row.ts";

const row = (name: string, bend: Bend, more: Partial<Misbehaviour> = {}): Misbehaviour => ({
  name: `pushed request: ${name}`,
  bend: at("/request", bend),
  par: true,
  kubelogin: "knows nothing of RFC 9126",
  opened: 0,
  ...more,
});

/** RFC 9126; none of them may end in a browser that is sent elsewhere. */
export const PUSHED_ROWS: readonly Misbehaviour[] = [
  row("500", () => json(500, {}), { code: "OIDC_PROVIDER_BUSY" }),
  row("an HTML page with status 201", () => text(201, "<html></html>"), { code: "OIDC_PROVIDER_INVALID" }),
  row("no request_uri", () => json(201, { expires_in: 60 }), { code: "OIDC_PROVIDER_INVALID" }),
  row("never answers", () => "silence", { code: "CONNECTION_TIMEOUT" }),
  row(
    "a redirect",
    (_heard, { issuer }) => ({ status: 302, headers: { location: `${issuer}/x` }, body: "" }),
    {
      counts: { "/x": 0 },
      outcome: "served",
      opened: 1,
    },
  ),
  row(
    "refused, though it is offered: the browser carries the request",
    () => json(400, { error: "invalid_request" }),
    {
      outcome: "served",
      opened: 1,
    },
  ),
  row(
    "the error repeats the client's secret",
    ({ form }) =>
      json(400, { error: "invalid_request", error_description: String(form.get("client_secret")) }),
    {
      args: [`--oidc-client-id=${IN_BODY.id}`, `--oidc-client-secret=${IN_BODY.secret}`, "-v=9"],
      authMethods: ["client_secret_post"],
      outcome: "served",
      opened: 1,
    },
  ),
];
