import { connect, impersonationHeaders, whoAmI, type Identity as Person } from "../../api/index.ts";
import { messageOf } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import type { System } from "../../base/system.ts";
import type { CredentialSource } from "../../credentials/index.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import type { Leg } from "../../proxy/index.ts";
import type { Preset } from "../../ui/index.ts";
import { asMyself, isImpersonating } from "../identity.ts";

/** Who acts as whom, towards the API server and in the UI. */
export interface ActingAs {
  readonly user: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
  /** Whose credential asks for it, where the cluster tells. */
  readonly by: string | undefined;
  /** What the UI is, if it is known, and what it does with the headers. */
  readonly ui: {
    readonly name: string | undefined;
    readonly impersonation: "accepts" | "ignores" | "unknown";
  };
}

/** Undefined where nobody is impersonated. */
export const actingAs = (
  config: ClientConfig,
  ui: Preset | undefined,
  by: string | undefined,
  leg: Leg,
): ActingAs | undefined => {
  if (!isImpersonating(config)) return undefined;
  const { user = "", uid, groups, extra } = config.impersonate;
  return {
    user,
    uid,
    groups,
    extra: Object.fromEntries(extra),
    by,
    ui: { name: ui?.name, impersonation: leg === "direct" ? "accepts" : (ui?.impersonation ?? "unknown") },
  };
};

/**
 * The headers for the UI: from the kubeconfig and the flags alone, since the proxy drops what a browser sends. One that
 * is not known gets them too: without them it would act with all that the person may, which is what was not asked for.
 * @throws {KnownError} CLIENT_CONFIG_INVALID
 */
export const uiHeaders = (config: ClientConfig, acting: ActingAs | undefined): RawHeaders =>
  acting === undefined || acting.ui.impersonation === "ignores"
    ? []
    : impersonationHeaders(config.impersonate);

/** Who the person is without impersonation. Not to know is no reason to fail. */
export async function whoAsks(
  config: ClientConfig,
  source: CredentialSource,
  options: { readonly system: System; readonly signal: AbortSignal },
): Promise<Person | undefined> {
  if (!isImpersonating(config)) return undefined;
  const { system, signal } = options;
  await using connection = connect(asMyself(config), source, system);
  try {
    return await whoAmI(connection, { signal });
  } catch (error) {
    system.log.verbose(1, `Cannot tell who asks to act as somebody else: ${messageOf(error)}`);
    return undefined;
  }
}
