import type { System } from "../../base/system.ts";
import { loadKubeconfig, writeExecUser, type ExecStanza } from "../../kubeconfig/index.ts";
import { discover, openWire, saidBy, tokenAlgorithm } from "../../oidc/index.ts";
import type { Invocation } from "../command.ts";
import { oidcSetupCommand } from "../commands/oidc-setup.ts";
import { dropInOf } from "../drop-ins.ts";
import { commandHelp } from "../help.ts";
import { refuseOperands } from "../options.ts";
import { wantsJson } from "../output-option.ts";
import { structured, yamlDocuments } from "../output.ts";
import { entryKey } from "./entry-key.ts";
import { asGetToken } from "./from-kubeconfig.ts";
import { execStanza, pluginOptions, setCredentials, withoutSecrets } from "./plugin-words.ts";
import { authenticationConfiguration, serverFlags, type ServerTrust } from "./server-trust.ts";
import { readSettings } from "./settings.ts";
import { signInEntry } from "./sign-in.ts";

type Claims = Readonly<Record<string, unknown>>;

/** What was found out, before anything is printed or written. */
interface Found {
  /** Undefined: nobody has signed in. */
  readonly claims: Claims | undefined;
  readonly exec: ExecStanza;
  readonly user: string;
  readonly trust: ServerTrust;
}

/** `kauth oidc setup` */
export async function runSetup(invocation: Invocation): Promise<number> {
  const { system, options, program } = invocation;
  refuseOperands(invocation, "set up");
  const missing = (name: string): boolean => (options.string(name) ?? "") === "";
  if (missing("oidc-issuer-url") && missing("oidc-client-id")) {
    const called = dropInOf(program)?.called;
    const name = called === undefined ? "kauth oidc setup" : `${called} setup`;
    system.log.out(commandHelp(oidcSetupCommand, name));
    return 0;
  }
  const asJson = wantsJson(options);
  const found = await findOut(invocation);
  const written = options.boolean("write") ? await write(invocation, found) : undefined;
  if (asJson) system.log.out(await structured(asData(found, written), "json"));
  else for (const line of await instructions(found, written)) system.log.show(line);
  if (found.trust.issuer.startsWith("http:"))
    system.log.warn("An API server takes only issuers with https, so none will know this one");
  if (!asJson && (options.string("password") ?? "") !== "")
    system.log.warn(
      "The password is left out of the kubeconfig: you are asked for it, or set KAUTH_OIDC_PASSWORD",
    );
  return 0;
}

const findOut = async (invocation: Invocation): Promise<Found> => {
  const { system, options, program, signal } = invocation;
  const merged = asGetToken(options, oidcSetupCommand.options);
  const settings = await readSettings({ options: merged, system }, "setup");
  const text = (name: string): string | undefined => options.string(name) || undefined;
  let claims: Claims | undefined;
  let algorithms: readonly string[];
  if (options.boolean("skip-login")) {
    const wire = openWire({ ca: settings.ca, verify: settings.verify, headers: settings.headers }, system);
    const all = (await discover(settings.issuer, wire, signal)).signingAlgorithms;
    algorithms = all.includes("RS256") ? ["RS256"] : all.filter((each) => /^(?:RS|PS|ES)\d{3}$/.test(each));
  } else {
    system.log.say("Authentication in progress...");
    // Never kept: what is set up is not in use yet (oidc.md §1.1).
    const entry = await signInEntry(
      { ...invocation, options: merged },
      {
        settings,
        storage: undefined,
        key: entryKey(settings),
        info: { apiVersion: "", interactive: undefined, given: false },
        least: "signed-in",
      },
    );
    const token = settings.useAccessToken ? entry.accessToken : entry.idToken;
    claims = saidBy(token) ?? {};
    algorithms = [tokenAlgorithm(token) ?? "RS256"];
  }
  const groups = text("groups-claim") ?? (claims?.["groups"] === undefined ? undefined : "groups");
  const prefix = options.string("prefix") ?? "";
  return {
    claims,
    exec: execStanza(program, pluginOptions(options, system)),
    user: text("user") ?? "oidc",
    trust: {
      issuer: settings.issuer,
      audiences: [settings.useAccessToken ? (settings.audience ?? settings.clientId) : settings.clientId],
      usernameClaim: text("username-claim") ?? "sub",
      usernamePrefix: prefix,
      groupsClaim: groups,
      groupsPrefix: prefix,
      required: new Map(),
      algorithms,
      authority: settings.ca,
    },
  };
};

export interface Written {
  readonly path: string;
  readonly done: "added" | "changed" | "unchanged";
  readonly context: string | undefined;
}

/** The file that has the user, else the one that kubectl adds to. */
const write = async ({ system, options }: Invocation, { user, exec }: Found): Promise<Written> => {
  const kubeconfig = await loadKubeconfig(system, await explicitOf(options.string("kubeconfig"), system));
  const path =
    kubeconfig.users.get(user)?.origin ??
    (await newPlace(kubeconfig.sources, options.string("kubeconfig"), system));
  const context = options.string("context") || undefined;
  const done = await writeExecUser({ path, user, context }, exec, system);
  return { path, done, context };
};

/** A file that is named and not there is made. */
const explicitOf = async (
  named: string | undefined,
  { files }: System,
): Promise<{ readonly explicit?: string }> =>
  named === undefined || named === "" || (await files.facts(named)) === undefined ? {} : { explicit: named };

/** client-go's clientcmd, `GetDefaultFilename`: the first that is there, else the last. */
const newPlace = async (
  sources: readonly string[],
  named: string | undefined,
  { files }: System,
): Promise<string> => {
  if (named !== undefined && named !== "") return named;
  for (const path of sources) if ((await files.facts(path)) !== undefined) return path;
  return sources.at(-1) ?? "";
};

/** The object of `-o json`. */
export interface SetupDocument {
  readonly claims: Claims | undefined;
  readonly kubeconfig: {
    readonly user: string;
    readonly exec: ExecStanza;
    readonly written: Written | undefined;
  };
  readonly apiServer: { readonly flags: readonly string[]; readonly authenticationConfiguration: object };
}

const asData = ({ claims, exec, user, trust }: Found, written: Written | undefined): SetupDocument => ({
  claims,
  kubeconfig: { user, exec: withoutSecrets(exec), written },
  apiServer: { flags: serverFlags(trust), authenticationConfiguration: authenticationConfiguration(trust) },
});

const instructions = async (
  { claims, exec, user, trust }: Found,
  written: Written | undefined,
): Promise<readonly string[]> => [
  ...(claims === undefined
    ? []
    : [
        "",
        "## Authenticated with the OpenID Connect Provider",
        "",
        "The provider says of you:",
        "",
        "```json",
        JSON.stringify(claims, undefined, 2),
        "```",
      ]),
  "",
  "## Set up the kubeconfig",
  "",
  ...(written === undefined
    ? [
        "Run this, or the same with --write:",
        "",
        "```",
        setCredentials(user, withoutSecrets(exec)),
        "```",
        "",
        ...(exec.args.some((arg) => arg.startsWith("--oidc-client-secret="))
          ? ["The client secret is shown as …; --write writes it as it is.", ""]
          : []),
        `Then try it: kubectl --user=${user} get pods`,
      ]
    : writtenLines(user, written)),
  "",
  "## Set up the API server",
  "",
  "For whoever runs the cluster. Either as flags of kube-apiserver:",
  "",
  "```",
  serverFlags(trust).join("\n"),
  "```",
  "",
  "or as a file that --authentication-config names, without those flags:",
  "",
  "```yaml",
  await yamlDocuments([authenticationConfiguration(trust)]),
  "```",
  "",
  ...rights(claims, trust),
];

const writtenLines = (user: string, { path, done, context }: Written): readonly string[] => [
  done === "unchanged"
    ? `"${path}" has the user "${user}" already.`
    : `The user "${user}" is ${done} in "${path}".`,
  "",
  context === undefined
    ? `Try it: kubectl --user=${user} get pods. To use it always: kubectl config set-context --current --user=${user}`
    : `Try it: kubectl --context=${context} get pods`,
];

/** Without a right a person is known and may do nothing. */
const rights = (claims: Claims | undefined, trust: ServerTrust): readonly string[] => {
  const name = claims?.[trust.usernameClaim ?? "sub"];
  if (typeof name !== "string") return [];
  return [
    "You are known there then, and may do nothing yet. To let you see most things, for instance:",
    "",
    "```",
    `kubectl create clusterrolebinding oidc-viewer --clusterrole=view --user='${trust.usernamePrefix}${name.replaceAll("'", "")}'`,
    "```",
  ];
};
