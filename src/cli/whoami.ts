import { whoAmI, type Identity as Person } from "../api/index.ts";
import { KnownError, messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import type { EpochMillis } from "../base/units.ts";
import type { Credential } from "../credentials/index.ts";
import type { Impersonation } from "../kubeconfig/index.ts";
import { choiceOf } from "./choice.ts";
import type { Invocation } from "./command.ts";
import { earliestEnd, originText, withEnd } from "./credential-text.ts";
import { identify, isImpersonating, serverText, type Identity } from "./identity.ts";
import { untilText } from "./open/report.ts";
import { refuseOperands } from "./options.ts";
import { warnOfPlainHttp } from "./plain-http.ts";
import { cleanLine, structured } from "./output.ts";
import { tokenFacts, type TokenFacts } from "./token-facts.ts";

/** What the command finds out; the object of `-o json` has the same fields. */
export interface WhoAmI {
  /** Undefined where the cluster does not tell. */
  readonly user: string | undefined;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
  readonly impersonation: (Asked & { readonly by: string | undefined }) | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly entry: string | undefined;
  readonly method: string;
  readonly credential: string;
  readonly cluster: string | undefined;
  readonly server: string;
  readonly expiresAt: string | undefined;
  /** Only where the cluster does not tell: what the token says of itself. */
  readonly unverified: Claims | undefined;
}

/** Whom the API server is asked to take us for. */
interface Asked {
  readonly user: string | undefined;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

type Claims = Pick<
  Extract<TokenFacts, { kind: "jwt" }>,
  "issuer" | "audience" | "subject" | "name" | "groups"
>;

/** `kauth whoami` */
export async function runWhoami(invocation: Invocation): Promise<number> {
  const { system, options, signal } = invocation;
  refuseOperands(invocation, "say who you are");
  const format = choiceOf("output", options.string("output"), ["text", "json", "yaml", "name"], "text");
  const identity = await identify(invocation);
  const credential = await identity.source.get({ signal });
  warnOfPlainHttp(system, identity.config);
  const [person, real] = await Promise.all([
    ask(identity, signal).catch((error: unknown) => {
      throw withEnd(error, credential, system.now());
    }),
    askedBy(identity, system, signal),
  ]);
  const found = describe(identity, credential, { person, by: real?.username });
  if (format === "name") {
    if (person !== undefined) system.log.out(cleanLine(person.username));
  } else if (format === "text") for (const line of lines(found, system)) system.log.out(line);
  else system.log.out(await structured(found, format));
  if (person === undefined)
    throw new KnownError(
      "IDENTITY_UNKNOWN",
      `Cannot tell who you are: ${identity.config.server.host} does not answer a SelfSubjectReview`,
    );
  return 0;
}

const ask = async (identity: Identity, signal: AbortSignal): Promise<Person | undefined> => {
  await using connection = await identity.connect();
  return await whoAmI(connection, { signal });
};

/** Who it is that asks to act as somebody else. Not to know is no reason to fail. */
const askedBy = async (
  identity: Identity,
  system: System,
  signal: AbortSignal,
): Promise<Person | undefined> => {
  if (!isImpersonating(identity.config)) return undefined;
  try {
    await using connection = await identity.connect({ asMyself: true });
    return await whoAmI(connection, { signal });
  } catch (error) {
    system.log.verbose(1, `Cannot tell who asks: ${messageOf(error)}`);
    return undefined;
  }
};

const describe = (
  { config, source }: Identity,
  credential: Credential,
  who: { readonly person: Person | undefined; readonly by: string | undefined },
): WhoAmI => {
  const { person } = who;
  const end = earliestEnd(credential);
  return {
    user: person?.username,
    uid: person?.uid === "" ? undefined : person?.uid,
    groups: person?.groups ?? [],
    extra: Object.fromEntries(person?.extra ?? []),
    impersonation: isImpersonating(config) ? { by: who.by, ...asked(config.impersonate) } : undefined,
    kubeconfig: config.userOrigin,
    context: config.contextName,
    entry: config.userName,
    method: source.method,
    credential: originText(source),
    cluster: config.clusterName,
    server: serverText(config),
    expiresAt: end === undefined ? undefined : new Date(end).toISOString(),
    unverified: person === undefined ? claimsOf(credential) : undefined,
  };
};

const asked = ({ user, uid, groups, extra }: Impersonation): Asked => ({
  user,
  uid,
  groups,
  extra: Object.fromEntries(extra),
});

const claimsOf = ({ header }: Credential): Claims | undefined => {
  if (header?.kind !== "bearer") return undefined;
  const facts = tokenFacts(header.token);
  if (facts.kind !== "jwt") return undefined;
  const { issuer, audience, subject, name, groups } = facts;
  return { issuer, audience, subject, name, groups };
};

const lines = (found: WhoAmI, system: System): readonly string[] => {
  const row = (label: string, text: string | undefined): readonly string[] =>
    text === undefined || text === "" ? [] : [`${label.padEnd(11)}${cleanLine(text)}`];
  const extras = (extra: Asked["extra"], label: string): readonly string[] =>
    Object.entries(extra).flatMap(([key, values]) => row(label, `${key}: ${values.join(", ")}`));
  const { impersonation: as, unverified } = found;
  const entry = found.entry === undefined ? "the command line" : `user "${found.entry}"`;
  const context = found.context === undefined ? "" : ` of context "${found.context}"`;
  const file = found.kubeconfig === undefined ? "" : `, in ${found.kubeconfig}`;
  const end = found.expiresAt === undefined ? undefined : (Date.parse(found.expiresAt) as EpochMillis);
  const cluster = found.cluster === undefined ? "" : `${found.cluster}, `;
  return [
    ...row("user", found.user ?? `unknown: ${whyUnknown(found)}`),
    ...row("uid", found.uid),
    ...row("groups", found.groups.join(", ")),
    ...extras(found.extra, "extra"),
    ...(as === undefined ? [] : row("asked by", as.by ?? "unknown")),
    ...(as === undefined ? [] : row("acts as", actsAs(as))),
    ...(unverified === undefined ? [] : claimLines(unverified, row)),
    ...row("from", `${entry}${context}${file}`),
    ...row("by", found.credential),
    ...row("cluster", `${cluster}${found.server}`),
    ...row("ends", end === undefined ? "not known" : untilText(end, system.now())),
  ];
};

const whyUnknown = ({ server }: WhoAmI): string =>
  server.startsWith("http:")
    ? "nothing that identifies you is sent over plain http"
    : "the cluster does not tell (it does since Kubernetes 1.26)";

const actsAs = (as: Asked): string =>
  [
    as.user ?? "",
    ...(as.uid === undefined ? [] : [`uid ${as.uid}`]),
    ...as.groups.map((group) => `group ${group}`),
    ...Object.entries(as.extra).map(([key, values]) => `${key}=${values.join(",")}`),
  ].join(", ");

const claimLines = (
  claims: Claims,
  row: (label: string, text: string | undefined) => readonly string[],
): readonly string[] => [
  ...row("unverified", "the token says of itself:"),
  ...row("  name", claims.name),
  ...row("  subject", claims.subject),
  ...row("  groups", claims.groups.join(", ")),
  ...row("  issuer", claims.issuer),
  ...row("  audience", claims.audience.join(", ")),
];
