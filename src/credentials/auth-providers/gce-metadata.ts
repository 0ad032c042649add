import { valuesOf } from "../../base/headers.ts";
import { sendHttp } from "../../base/http.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { httpUrl } from "../../base/http-url.ts";
import { readTokenAnswer, type TokenAnswer } from "./oauth-token.ts";
import { failed } from "./provider.ts";

/** Google's metadata server, by its address: the name could be anybody's elsewhere. */
const ADDRESS = "169.254.169.254";
/** Google's own libraries take the address from here. */
const VARIABLE = "GCE_METADATA_HOST";
/** It is on the same machine. Elsewhere nothing answers at all, and nobody should wait for that. */
const PROBE_TIME = millis(1000);
const TOKEN_TIME = millis(10_000);
const FLAVOUR = [["Metadata-Flavor", "Google"]] as const;

/**
 * The machine's own service account, undefined where there is no such server within a second. What it resolves to gets
 * a token. @throws {KnownError} AUTH_PROVIDER_FAILED when the server gives none
 */
export async function findMachineAccount(
  scopes: readonly string[],
  system: System,
): Promise<(() => Promise<TokenAnswer>) | undefined> {
  // Never through a proxy: its machine's token is not ours.
  const direct: System = { ...system, env: {} };
  const named = system.env[VARIABLE] ?? "";
  const base = httpUrl(`http://${named === "" ? ADDRESS : named}/`);
  if (base === undefined) throw failed(`Cannot use ${VARIABLE}: it is no host`);
  if (named === "" && !(await answers(base, direct))) return undefined;
  const url = new URL("/computeMetadata/v1/instance/service-accounts/default/token", base);
  if (scopes.length > 0) url.searchParams.set("scopes", scopes.join(","));
  const request = { method: "GET", url, headers: FLAVOUR, timeout: TOKEN_TIME } as const;
  return async () => readTokenAnswer(await sendHttp(request, direct));
}

const answers = async (url: URL, system: System): Promise<boolean> => {
  try {
    const { headers } = await sendHttp({ method: "GET", url, headers: FLAVOUR, timeout: PROBE_TIME }, system);
    return valuesOf(headers, "metadata-flavor").includes("Google");
  } catch {
    return false;
  }
};
