import { isKnownError, KnownError, messageOf, systemCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { MiB } from "../base/units.ts";
import { homeDirectory } from "./home.ts";
import { readPreference } from "./kuberc-document.ts";
import { osError } from "../base/os-error.ts";
import { pathRules, resolvePath } from "./path.ts";
import { pluginPolicy, type PolicyFields } from "./policy.ts";
import type { PluginPolicy } from "./types.ts";

/** Preferences are written by hand; the largest are some kilobytes. */
const KUBERC_LIMIT = MiB(1);

const NO_POLICY: PolicyFields = { policy: "", allowlist: undefined };

export interface KubercOptions {
  /** `--kuberc`. "" is the flag without a value. */
  readonly explicit?: string | undefined;
}

/**
 * Which credential plugins kubectl may run, by its kuberc (credentials.md §1.9). A file that was named and is bad is an
 * error; the default file may be missing, and one without preferences is only warned of, as kubectl has it. One that kauth
 * cannot read is an error too: for kubectl it may forbid what would run here.
 * @throws {KnownError} KUBERC_INVALID
 */
export async function loadPluginPolicy(system: System, options: KubercOptions = {}): Promise<PluginPolicy> {
  const place = await kubercPath(system, options.explicit);
  if (place === undefined) return { kind: "AllowAll" };
  const fields = await readFields(place, system);
  try {
    return pluginPolicy(fields, system.platform);
  } catch (error) {
    throw new KnownError("KUBERC_INVALID", messageOf(error), {
      cause: error,
      hint: `Correct credentialPluginPolicy and credentialPluginAllowlist in ${place.path}`,
    });
  }
}

interface Place {
  /** As it was given. */
  readonly path: string;
  /** Named by a flag or a variable, so it has to be there and to be good. */
  readonly explicit: boolean;
}

/** The file that counts; undefined where kuberc is switched off. @throws {KnownError} KUBERC_INVALID */
const kubercPath = async (system: System, explicit: string | undefined): Promise<Place | undefined> => {
  if (system.env["KUBECTL_KUBERC"]?.toLowerCase() === "false") {
    if (explicit === undefined) return undefined;
    throw new KnownError("KUBERC_INVALID", "unknown flag: --kuberc", {
      hint: "KUBECTL_KUBERC=false takes the flag away. Unset it, or leave --kuberc out",
    });
  }
  if (explicit === "") throw new KnownError("KUBERC_INVALID", "kuberc file is not found");
  const variable = system.env["KUBERC"];
  if (variable === "off") {
    if (explicit === undefined) return undefined;
    throw new KnownError(
      "KUBERC_INVALID",
      "disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive",
      { hint: "Unset KUBERC, or leave --kuberc out" },
    );
  }
  if (explicit !== undefined) return { path: explicit, explicit: true };
  if (variable !== undefined && variable !== "") return { path: variable, explicit: true };
  const home = await homeDirectory(system);
  return { path: pathRules(system.platform).join(home, ".kube", "kuberc"), explicit: false };
};

const readFields = async ({ path, explicit }: Place, system: System): Promise<PolicyFields> => {
  try {
    const absolute = resolvePath(path, system.cwd, system.platform);
    const text = (await system.files.read(absolute, KUBERC_LIMIT)).toString("utf8");
    if (text === "") return NO_POLICY;
    const preference = await readPreference(text).catch((error: unknown) => {
      throw unreadable(messageOf(error), error);
    });
    const none = `no valid preferences found in ${path}, use --v=5 to see details`;
    if (preference === "unreadable") throw unreadable(none);
    if (preference === undefined) throw new Error(none);
    if (preference.strict !== "")
      system.log.warn(`kuberc: ignoring strict decoding error in ${path}: ${preference.strict}`);
    return preference;
  } catch (error) {
    if (!explicit && systemCode(error) === "ENOENT") return NO_POLICY;
    if (isKnownError(error, "KUBERC_INVALID")) throw error;
    if (isKnownError(error)) throw unreadable(error.message, error);
    const reason = osError(path, error);
    if (explicit) throw unreadable(reason, error);
    system.log.warn(`kuberc: no preferences loaded from ${path}: ${reason}`);
    return NO_POLICY;
  }
};

const unreadable = (reason: string, cause?: unknown): KnownError =>
  new KnownError("KUBERC_INVALID", `kuberc error kuberc: ${reason}`, { cause });
