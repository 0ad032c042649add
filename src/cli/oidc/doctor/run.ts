import { loadKubeconfig, resolveClientConfig } from "../../../kubeconfig/index.ts";
import { openWire } from "../../../oidc/index.ts";
import type { Invocation } from "../../command.ts";
import { oidcDoctorCommand } from "../../commands/oidc-doctor.ts";
import { runChecks, type Check } from "../../doctor/check.ts";
import { findingPrinter, untriedLines } from "../../doctor/print.ts";
import { pluginRules } from "../../identity.ts";
import { refuseOperands } from "../../options.ts";
import { wantsJson } from "../../output-option.ts";
import { structured } from "../../output.ts";
import { chosenSettings, type Chosen } from "../from-kubeconfig.ts";
import { readSettings } from "../settings.ts";
import { readSignInSettings } from "../sign-in-settings.ts";
import { clientCheck, grantsCheck, pkceCheck, redirectCheck, scopesCheck } from "./client.ts";
import { reviewCheck, tokenCheck } from "./cluster.ts";
import { browserCheck, cacheCheck, listenCheck, promptCheck, secretCheck } from "./machine.ts";
import { offlineCheck } from "./offline.ts";
import {
  algorithmsCheck,
  clockCheck,
  discoveryCheck,
  keysCheck,
  proxyCheck,
  settingsCheck,
} from "./provider.ts";
import { renewalCheck } from "./renewal.ts";
import type { OidcLearned, OidcScene } from "./scene.ts";

/** From the provider to the cluster, in the order in which a sign-in can break. */
export const OIDC_CHECKS: readonly Check<OidcScene, OidcLearned>[] = [
  settingsCheck,
  proxyCheck,
  discoveryCheck,
  clockCheck,
  keysCheck,
  algorithmsCheck,
  pkceCheck,
  grantsCheck,
  scopesCheck,
  offlineCheck,
  secretCheck,
  clientCheck,
  redirectCheck,
  listenCheck,
  browserCheck,
  promptCheck,
  cacheCheck,
  renewalCheck,
  tokenCheck,
  reviewCheck,
];

/** `kauth oidc doctor`: 0 when all is well, 1 when something is not. */
export async function runOidcDoctor(invocation: Invocation): Promise<number> {
  const { system, options, signal } = invocation;
  refuseOperands(invocation, "look at a provider");
  const asJson = wantsJson(options);
  const chosen = await chosenSettings(invocation, oidcDoctorCommand.options, "look at a provider");
  const around = { options: chosen.options, system };
  const settings = await readSettings(around, "doctor");
  const { browserCommand, callback, clientAssertion, clientKey } = await readSignInSettings(around, settings);
  const { ca, verify, headers } = settings;
  const scene: OidcScene = {
    invocation,
    system,
    signal,
    settings,
    options: chosen.options,
    examined: {
      ...settings,
      clientAssertion,
      clientKey,
      redirectUrl: settings.redirectUri,
      ports: callback.addresses?.map(({ port }) => port) ?? callback.ports,
      scheme: callback.tls === undefined ? "http" : "https",
      browserCommand,
      hasOwnAuthorities: ca !== undefined,
      from: chosen.from,
    },
    wire: openWire({ ca, verify, headers }, system),
    blindWire: openWire({ verify: false, headers: [] }, system),
    cluster: await clusterOf(invocation, chosen),
  };
  const report = await runChecks(OIDC_CHECKS, scene, !asJson ? findingPrinter(system) : () => undefined);
  const ok = report.findings.every(({ state }) => state !== "bad");
  if (asJson) system.log.out(await structured({ ok, findings: report.findings }, "json"));
  else for (const line of untriedLines(report.findings)) system.log.out(line);
  return ok ? 0 : 1;
}

/** Undefined: there is none that is meant. */
const clusterOf = async (invocation: Invocation, { from }: Chosen): Promise<OidcScene["cluster"]> => {
  const { system, options } = invocation;
  const named = ["kubeconfig", "context", "user"].some((name) => (options.string(name) ?? "") !== "");
  if (options.boolean("provider-only") || (from === "the options" && !named)) return undefined;
  const given = (name: "context" | "user"): Partial<Record<"context" | "user", string>> => {
    const value = options.string(name) ?? "";
    return value === "" ? {} : { [name]: value };
  };
  const kubeconfig = await loadKubeconfig(system, { explicit: options.string("kubeconfig") });
  const config = await resolveClientConfig(kubeconfig, { ...given("context"), ...given("user") }, system);
  return { config, plugins: await pluginRules(invocation) };
};
