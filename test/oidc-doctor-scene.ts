import type { Check } from "../src/cli/doctor/check.ts";
import { runChecks } from "../src/cli/doctor/check.ts";
import type { Finding } from "../src/cli/doctor/finding.ts";
import { oidcDoctorCommand } from "../src/cli/commands/oidc-doctor.ts";
import type { Examined, OidcLearned, OidcScene } from "../src/cli/oidc/doctor/scene.ts";
import { readSettings } from "../src/cli/oidc/settings.ts";
import type { System } from "../src/base/system.ts";
import { openWire } from "../src/oidc/index.ts";
import { CLIENT, type fakeProvider, type Reply } from "./openid-scene.ts";
import { optionsFor, recorded } from "./recorded.ts";

/** Runs checks of a provider, and gives what they found by their ids. */
export const examine = async (
  wishes: Partial<Examined> & { readonly issuer: string },
  checks: readonly Check<OidcScene, OidcLearned>[],
  change: Partial<System> = {},
  more: readonly string[] = [],
): Promise<ReadonlyMap<string, Finding>> => {
  await using under = await recorded();
  const system = { ...under.system(), ...change };
  const { signal } = new AbortController();
  const examined: Examined = {
    clientId: CLIENT,
    clientSecret: undefined,
    clientAssertion: undefined,
    clientKey: undefined,
    scheme: "http",
    redirectUrl: undefined,
    scopes: [],
    pkce: "auto",
    grant: "auto",
    ports: [8000, 18000],
    extra: new Map(),
    browserCommand: undefined,
    hasOwnAuthorities: false,
    from: "the command line",
    ...wishes,
  };
  const words = [`--oidc-issuer-url=${examined.issuer}`, `--oidc-client-id=${examined.clientId}`];
  const options = optionsFor(oidcDoctorCommand, ...words, ...more);
  const invocation = {
    system,
    options,
    positionals: [],
    program: "kauth",
    signal,
  };
  const wire = openWire({}, system);
  const report = await runChecks(
    checks,
    {
      invocation,
      system,
      signal,
      examined,
      settings: await readSettings({ options, system }, "doctor"),
      options,
      wire,
      blindWire: openWire({ verify: false }, system),
      cluster: undefined,
    },
    () => undefined,
  );
  return new Map(report.findings.map((finding) => [finding.id, finding]));
};

/** The same with these checks, unless others are named. */
export const examinerOf =
  (usual: readonly Check<OidcScene, OidcLearned>[]) =>
  async (
    wishes: Partial<Examined> & { readonly issuer: string },
    checks = usual,
    change: Partial<System> = {},
  ): Promise<ReadonlyMap<string, Finding>> =>
    await examine(wishes, checks, change);

/** As a provider answers whom it knows and gives nothing. */
export const refuses: NonNullable<Parameters<typeof fakeProvider>[0]> = () => ({
  status: 400,
  body: { error: "invalid_grant" },
});

/** As a provider answers an authorization request that nobody can answer. */
export const knows =
  (more: Readonly<Record<string, string>> = {}): Parameters<typeof fakeProvider>[0] =>
  ({ path, query }): Reply => {
    if (path !== "/auth") return { status: 400, body: { error: "invalid_grant" } };
    const url = new URL(query["redirect_uri"] ?? "");
    for (const [name, value] of Object.entries({ error: "login_required", ...more }))
      url.searchParams.set(name, value);
    return { status: 302, headers: { Location: url.href } };
  };
