import { KnownError } from "../../base/errors.ts";
import { spoken } from "../../base/spoken.ts";
import { millis, type EpochMillis } from "../../base/units.ts";
import {
  accountOfKey,
  explainToken,
  partitionNamed,
  readToken,
  type ExplainedRule,
  type Reading,
} from "../../iam/index.ts";
import type { Invocation } from "../command.ts";
import { cleanLine, jsonText } from "../output.ts";
import { wantsJson } from "../output-option.ts";
import { mappedLines, testMapping, type MappingVerdict } from "./mapped.ts";
import { iamSettings } from "./settings.ts";
import { tokenText } from "./token-text.ts";
import { partitionOption } from "./verify.ts";

/** What a token says of itself, as far as it can be read; nobody has proved it. */
export interface TokenSays {
  readonly bytes: number;
  readonly host: string | undefined;
  /** RFC 3339. */
  readonly signedAt: string | undefined;
  /** Seconds by this clock; below 0: it is ahead. */
  readonly age: number | undefined;
  /** RFC 3339; STS refuses it from then on. */
  readonly goodUntil: string | undefined;
  readonly accessKeyId: string | undefined;
  /** Of keys that end by themselves. */
  readonly temporary: boolean | undefined;
  /** As the key says itself. */
  readonly account: string | undefined;
  readonly region: string | undefined;
}

/** The object of `-o json`. */
export interface ExplainDocument {
  /** Every rule holds. */
  readonly right: boolean;
  readonly rules: readonly ExplainedRule[];
  readonly token: TokenSays;
  readonly clusterId: string | undefined;
  readonly mapping: MappingVerdict | undefined;
}

const LIFE = 15 * 60 * 1000;

/** `kauth iam explain` */
export async function runIamExplain(invocation: Invocation): Promise<number> {
  const { system, options, positionals } = invocation;
  const [given, ...more] = positionals;
  if (given === undefined || more.length > 0)
    throw new KnownError("USAGE", "Cannot explain a token: give one, or - for standard input");
  const { text } = await iamSettings(invocation);
  const partition = partitionNamed(partitionOption(options.string("partition")));
  if (partition === undefined) throw new TypeError("a partition that was checked");
  const now = system.now();
  const token = await tokenText(given);
  const rules = explainToken(token, { partition, region: text("region", "region"), now });
  const says = saysOf(readToken(token), now);
  const clusterId = text("cluster-id", "clusterID");
  const mapping = await testMapping(invocation, says.account);
  const right = rules.every(({ outcome }) => outcome === "holds");
  const document: ExplainDocument = { right, rules, token: says, clusterId, mapping };
  if (wantsJson(options)) system.log.out(jsonText(document, 2));
  else for (const line of lines({ rules, says, clusterId, mapping })) system.log.out(line);
  return right && (mapping === undefined || mapping.user !== undefined) ? 0 : 1;
}

const saysOf = ({ size, url, fields, date }: Reading, now: EpochMillis): TokenSays => {
  const [key = "", , region] = (fields.get("x-amz-credential") ?? "").split("/");
  const when = typeof date === "number" ? date : undefined;
  return {
    bytes: size,
    host: typeof url === "object" ? url.host : undefined,
    signedAt: when === undefined ? undefined : new Date(when).toISOString(),
    age: when === undefined ? undefined : Math.round((now - when) / 1000),
    goodUntil: when === undefined ? undefined : new Date(when + LIFE).toISOString(),
    accessKeyId: key === "" ? undefined : key,
    temporary: key === "" ? undefined : key.startsWith("ASIA"),
    account: accountOfKey(key),
    region: region === "" ? undefined : region,
  };
};

const MARKS: Readonly<Record<ExplainedRule["outcome"], string>> = { holds: "✓", broken: "✗", hidden: "·" };

interface Explained {
  readonly rules: readonly ExplainedRule[];
  readonly says: TokenSays;
  readonly clusterId: string | undefined;
  readonly mapping: MappingVerdict | undefined;
}

const lines = ({ rules, says, clusterId, mapping }: Explained): readonly string[] => {
  const row = (label: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [cleanLine(`${label.padEnd(12)}${value}`)];
  return [
    ...rules.map(({ outcome, title, reason }) =>
      cleanLine(`${MARKS[outcome]} ${title}${reason === undefined ? "" : `: ${reason}`}`),
    ),
    "",
    ...row("clock", clockText(says)),
    ...row("asks", says.host),
    ...row("region", says.region),
    ...row("access key", keyText(says)),
    ...row(
      "cluster id",
      `${clusterId === undefined ? "" : `${JSON.stringify(clusterId)}? `}it is signed and does not stand in the token: kauth iam verify asks AWS`,
    ),
    ...(mapping === undefined ? [] : ["", ...mappedLines(mapping)]),
  ];
};

const clockText = ({ signedAt, age = 0, goodUntil }: TokenSays): string | undefined => {
  if (signedAt === undefined) return undefined;
  const when = age < 0 ? `${-age} s ahead of this clock` : `${spoken(millis(age * 1000))} ago by this clock`;
  return `signed ${signedAt}, ${when}; AWS takes it until ${goodUntil ?? ""}`;
};

const keyText = ({ accessKeyId, temporary, account }: TokenSays): string | undefined => {
  if (accessKeyId === undefined) return undefined;
  const kind = temporary === true ? "of keys that end by themselves" : "of keys that stay";
  return `${accessKeyId}, ${kind}${account === undefined ? "" : `, of account ${account} as it says itself`}`;
};
