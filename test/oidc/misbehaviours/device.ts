import { at, json, text, type Bend } from "../bend.ts";
import { drip } from "./discovery.ts";
import type { Misbehaviour } from "./row.ts";

const ENDPOINT = "/device/auth";
const GRANT = ["--grant-type=device-code"];

const fields = (change: (given: Record<string, unknown>) => Record<string, unknown>): Bend =>
  at(ENDPOINT, async (_heard, { pass }) => {
    const answered = await pass();
    return {
      ...answered,
      body: JSON.stringify(change(JSON.parse(answered.body) as Record<string, unknown>)),
    };
  });

/** Nothing is shown or opened that a person could be led away with, and nothing is asked for without an end. */
const row = (name: string, bend: Bend, more: Partial<Misbehaviour> = {}): Misbehaviour => ({
  name: `device: ${name}`,
  bend,
  args: GRANT,
  opened: 0,
  ...more,
});

export const DEVICE_ROWS: readonly Misbehaviour[] = [
  row(
    "404",
    at(ENDPOINT, () => text(404, "not here")),
  ),
  row(
    "an HTML page with status 200",
    at(ENDPOINT, () => text(200, "<html></html>")),
  ),
  row(
    "500",
    at(ENDPOINT, () => json(500, {})),
    { code: "OIDC_PROVIDER_BUSY" },
  ),
  row(
    "unauthorized_client",
    at(ENDPOINT, () => json(400, { error: "unauthorized_client" })),
    {
      code: "OIDC_CLIENT_REFUSED",
    },
  ),
  row(
    "a redirect",
    at(ENDPOINT, (_heard, { issuer }) => ({ status: 302, headers: { location: `${issuer}/x` }, body: "" })),
    { counts: { "/x": 0 }, kubelogin: "Go follows redirects" },
  ),
  row(
    "never answers",
    at(ENDPOINT, () => "silence"),
    {
      code: "CONNECTION_TIMEOUT",
      kubelogin: "waits without a limit",
    },
  ),
  row(
    "one byte each 100 ms",
    at(ENDPOINT, () => ({ status: 200, headers: { "content-type": "application/json" }, body: drip() })),
    { code: "CONNECTION_TIMEOUT", kubelogin: "waits without a limit" },
  ),
  row(
    "no device code",
    fields(({ device_code: _none, ...rest }) => rest),
    {
      kubelogin: "asks with an empty one",
    },
  ),
  row(
    "no user code",
    fields(({ user_code: _none, ...rest }) => rest),
    { kubelogin: "goes on" },
  ),
  row(
    "no address to go to",
    fields(({ verification_uri: _none, verification_uri_complete: _no, ...rest }) => rest),
    { kubelogin: "goes on" },
  ),
  ...["javascript:alert(1)", "file:///etc/passwd", "http://provider.example/device"].map((url) =>
    row(
      `an address that nobody should open: ${url}`,
      fields((given) => ({ ...given, verification_uri: url, verification_uri_complete: url })),
      { kubelogin: "opens whatever it is" },
    ),
  ),
  row(
    "a code with control characters",
    fields(({ verification_uri_complete: _none, ...rest }) => ({
      ...rest,
      user_code: "\u001B[2J\u0007AB",
      expires_in: 2,
      interval: 1,
    })),
    { args: [...GRANT, "--skip-open-browser"], kubelogin: "prints it, and has no end" },
  ),
  row(
    "the error repeats the device code",
    async (heard, bending) =>
      heard.path === "/token"
        ? json(400, { error: "invalid_grant", error_description: `unknown ${heard.form.get("device_code")}` })
        : await bending.pass(),
    { args: [...GRANT, "--skip-open-browser"], code: "OIDC_GRANT_REFUSED", kubelogin: "prints the answer" },
  ),
];
