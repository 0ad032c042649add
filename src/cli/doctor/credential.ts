import { isKnownError, type KnownError } from "../../base/errors.ts";
import {
  credentialSource,
  type Credential,
  type CredentialSource,
  type ExecCall,
} from "../../credentials/index.ts";
import type { ClientConfig, PluginPolicy } from "../../kubeconfig/index.ts";
import { missingUser } from "../bearer.ts";
import { earliestEnd } from "../credential-text.ts";
import { pluginRules } from "../identity.ts";
import { untilText } from "../open/report.ts";
import { isPlainHttp } from "../plain-http.ts";
import { badNote, check } from "./check.ts";
import { timeText, UNTRIED, type Note } from "./finding.ts";

/** kubectl's kuberc: which credential plugins may run (credentials.md §1.9). */
export const policyCheck = check({
  id: "policy",
  subject: "plugin policy",
  needs: ["config"],
  run: async ({ invocation }, { config }) => {
    const plugins = await pluginRules(invocation);
    const { exec, authProvider } = config.user;
    const asked = exec !== undefined || authProvider !== undefined;
    const found = asked ? policyText(plugins.policy) : "no credential plugin is asked";
    return { learned: { plugins }, notes: [{ state: asked ? "ok" : "none", found }] };
  },
});

const policyText = (policy: PluginPolicy | undefined): string => {
  switch (policy?.kind) {
    case undefined:
    case "AllowAll":
      return "every credential plugin may run";
    case "DenyAll":
      return "no credential plugin may run";
    case "Allowlist":
      return `only ${policy.entries.join(", ")} may run`;
  }
};

/** Gets the credential as every command does. For a plugin this says whose file names it, where it is, and how it ran. */
export const credentialCheck = check({
  id: "credential",
  subject: "credential",
  needs: ["config", "plugins"],
  run: async ({ system, signal }, { config, plugins }) => {
    const calls: ExecCall[] = [];
    const source = credentialSource(config, system, { ...plugins, onCall: (call) => void calls.push(call) });
    const asks = source.method === "exec";
    const place = { file: config.userOrigin, allowed: plugins.allowWritable ?? false };
    try {
      const credential = await source.get({ signal });
      const note = credentialNote(credential, source, config);
      return {
        learned: { source, credential },
        notes: asks ? [...pluginNotes(place, calls.at(-1)), note] : [note],
      };
    } catch (error) {
      if (!isKnownError(error)) throw error;
      return {
        notes: asks ? [...pluginNotes(place, calls.at(-1), error), ...ownNote(error)] : [badNote(error)],
      };
    }
  },
});

const UNSAFE = "Leave --allow-writable-kubeconfig out to have that looked at";
const ABOUT_PLUGIN = ["KUBECONFIG_WRITABLE", "EXEC_DENIED", "EXEC_NOT_FOUND"] as const;

/** A failure that is not told as one of the plugin's place already. */
const ownNote = (error: KnownError): readonly Note[] => {
  const told = ABOUT_PLUGIN.some((code) => code === error.code);
  return [told ? UNTRIED : badNote(error)];
};

interface PluginPlace {
  /** Undefined where flags alone name the plugin. */
  readonly file: string | undefined;
  /** `--allow-writable-kubeconfig` */
  readonly allowed: boolean;
}

/** Who may write the file that names the plugin, where its program is, and its run. */
const pluginNotes = (
  { file, allowed }: PluginPlace,
  call: ExecCall | undefined,
  error?: KnownError,
): readonly Note[] => {
  const owner = { id: "ownership", subject: "ownership" };
  const plugin = { id: "plugin", subject: "plugin" };
  if (error?.code === "KUBECONFIG_WRITABLE")
    return [
      { ...owner, ...badNote(error) },
      { ...plugin, ...UNTRIED },
    ];
  const owned: Note =
    file === undefined
      ? { ...owner, state: "none", found: "the plugin is named by no file" }
      : allowed
        ? {
            ...owner,
            state: "warning",
            found: `whoever can write ${file} may choose the plugin`,
            next: UNSAFE,
          }
        : { ...owner, state: "ok", found: `nobody else may choose the plugin in ${file}` };
  if (error?.code === "EXEC_DENIED" || error?.code === "EXEC_NOT_FOUND")
    return [owned, { ...plugin, ...badNote(error) }];
  if (call?.path === undefined) return [owned, { ...plugin, ...UNTRIED }];
  const took = `ran for ${(call.took / 1000).toFixed(1)} s`;
  return [
    owned,
    error === undefined
      ? { ...plugin, state: "ok", found: `${call.path} is allowed and ${took}` }
      : { ...plugin, state: "warning", found: `${call.path} is allowed, ${took} and gave no credential` },
  ];
};

const credentialNote = (credential: Credential, source: CredentialSource, config: ClientConfig): Note => {
  const text = credentialText(credential);
  if (text === undefined) return withoutCredential(config);
  const said = source.method === "certificate" || source.method === "basic";
  return { state: "ok", found: `${text}, from your ${said ? "kubeconfig" : source.description}` };
};

const withoutCredential = (config: ClientConfig): Note => {
  const found = "nothing that identifies you";
  if (isPlainHttp(config))
    return {
      state: "warning",
      found: `${found} is sent over plain http`,
      next: "Use an https address as the cluster's server",
    };
  const missing = missingUser(config);
  if (missing === undefined)
    return { state: "bad", found, next: "Put a token or a credential plugin into the user's entry" };
  return {
    state: "bad",
    found: `${found}: the context names the user "${missing}", whom the kubeconfig does not have`,
    next: "Correct the user of the context, or add one of that name",
  };
};

/** Undefined where there is none. */
const credentialText = ({ header, certificate }: Credential): string | undefined => {
  const parts = [
    ...(header === undefined ? [] : [header.kind === "bearer" ? "a bearer token" : "user name and password"]),
    ...(certificate === undefined ? [] : ["a client certificate"]),
  ];
  return parts.length === 0 ? undefined : parts.join(" and ");
};

/** When the credential ends, by all that it says. */
export const expiryCheck = check({
  id: "expiry",
  subject: "expiry",
  needs: ["credential", "source"],
  run: ({ system }, { credential, source }) => {
    const end = earliestEnd(credential);
    const now = system.now();
    if (end === undefined) return { notes: [{ state: "none", found: "nothing says when it ends" }] };
    if (end < now)
      return {
        notes: [{ state: "bad", found: `it ended at ${timeText(end)}`, next: renewal(source) }],
      };
    return { notes: [{ state: "ok", found: `it ends ${untilText(end, now)}` }] };
  },
});

const renewal = ({ method }: CredentialSource): string =>
  method === "exec"
    ? "Sign in again with the plugin's own command, and check this machine's clock"
    : "Put a new one into the kubeconfig, or use a credential plugin, which renews it by itself";
