import { DecodeError, fallback, object, optional, unknown, type Decoder } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { readSections } from "./mapping/entry.ts";
import { BACKENDS, type BackendName, type ReservedPrefixes } from "./mapping/reserved.ts";
import type { ReadMapping } from "./mapping/table.ts";
import { folded, items, readYaml, word } from "./mapping/text.ts";

/** The file of `--config`, as it is written: what a flag may say too is undefined where the file does not say it. */
export interface ServerConfig {
  readonly clusterId: string | undefined;
  readonly partition: string | undefined;
  readonly region: string | undefined;
  readonly hostname: string | undefined;
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly stateDir: string | undefined;
  readonly generateKubeconfig: string | undefined;
  readonly kubeconfigPregenerated: boolean | undefined;
  readonly kubeconfig: string | undefined;
  readonly master: string | undefined;
  /** Not checked yet, see `backendModes`. */
  readonly backendMode: readonly string[] | undefined;
  /** Requests a second. */
  readonly ec2DescribeInstancesQps: number | undefined;
  readonly ec2DescribeInstancesBurst: number | undefined;
  readonly ec2DescribeInstancesRoleArn: string | undefined;
  readonly sourceArn: string | undefined;
  /** Their people's ARNs and ids are not logged. */
  readonly scrubbedAccounts: readonly string[];
  readonly dynamicFilePath: string | undefined;
  readonly dynamicFileUserIdStrict: boolean;
  readonly dynamicBackendModePath: string | undefined;
  readonly reserved: ReservedPrefixes;
  /** `mapRoles`, `mapUsers`, `mapAccounts`: of the backend MountedFile. Its faults are not thrown. */
  readonly mapping: ReadMapping;
}

const flag: Decoder<boolean> = (value, path) => {
  const text = word(value, path).toLowerCase();
  if (/^(?:true|t|1|yes|on)$/.test(text)) return true;
  if (/^(?:false|f|0|no|off)$/.test(text)) return false;
  throw new DecodeError(path, "true or false", value);
};
const number: Decoder<number> = (value, path) => {
  const text = word(value, path);
  if (!/^\d{1,9}$/.test(text)) throw new DecodeError(path, "a whole number", value);
  return Number(text);
};
/** viper takes a list, and a text with blanks between. */
const words: Decoder<readonly string[]> = (value, path) =>
  typeof value === "string" ? value.split(/[\s,]+/).filter((each) => each !== "") : items(word)(value, path);
/** "" is as good as nothing. */
const text: Decoder<string | undefined> = (value, path) => {
  const found = optional(word)(value, path);
  return found === "" ? undefined : found;
};
const reservation = object({ backendmode: word, usernameprefixreservelist: items(word) });

const server = object({
  partition: text,
  hostname: text,
  address: text,
  port: optional(number),
  statedir: text,
  generatekubeconfig: text,
  kubeconfigpregenerated: optional(flag),
  kubeconfig: text,
  master: text,
  backendmode: optional(words),
  ec2describeinstancesqps: optional(number),
  ec2describeinstancesburst: optional(number),
  ec2describeinstancesrolearn: text,
  sourcearn: text,
  scrubbedaccounts: items(word),
  maproles: unknown,
  mapusers: unknown,
  mapaccounts: unknown,
  dynamicfilepath: text,
  dynamicfileuseridstrict: fallback(flag, false),
  dynamicbackendmodepath: text,
  reservedprefixconfig: items(reservation),
});
const shape = object({ clusterid: text, region: text, server: fallback(unknown, {}) });

/**
 * Reads the YAML of aws-iam-authenticator's configuration, every key of its server's half in any case (iam.md §1.8).
 * @param path for messages
 * @throws {KnownError} IAM_MAPPING
 */
export async function readServerConfig(source: string, path: string): Promise<ServerConfig> {
  const document = (await readYaml(source, `"${path}"`)) ?? {};
  try {
    const outer = shape(folded(document), "");
    const inner = server(outer.server === "" ? {} : outer.server, "server");
    return {
      clusterId: outer.clusterid,
      region: outer.region,
      partition: inner.partition,
      hostname: inner.hostname,
      address: inner.address,
      port: inner.port,
      stateDir: inner.statedir,
      generateKubeconfig: inner.generatekubeconfig,
      kubeconfigPregenerated: inner.kubeconfigpregenerated,
      kubeconfig: inner.kubeconfig,
      master: inner.master,
      backendMode: inner.backendmode,
      ec2DescribeInstancesQps: inner.ec2describeinstancesqps,
      ec2DescribeInstancesBurst: inner.ec2describeinstancesburst,
      ec2DescribeInstancesRoleArn: inner.ec2describeinstancesrolearn,
      sourceArn: inner.sourcearn,
      scrubbedAccounts: inner.scrubbedaccounts,
      dynamicFilePath: inner.dynamicfilepath,
      dynamicFileUserIdStrict: inner.dynamicfileuseridstrict,
      dynamicBackendModePath: inner.dynamicbackendmodepath,
      reserved: reservedOf(inner.reservedprefixconfig),
      mapping: readSections({ roles: inner.maproles, users: inner.mapusers, accounts: inner.mapaccounts }),
    };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new KnownError("IAM_MAPPING", `Cannot use "${path}": ${error.message}`, { cause: error });
  }
}

const reservedOf = (listed: readonly ReturnType<typeof reservation>[]): ReservedPrefixes =>
  new Map(
    listed.map(({ backendmode, usernameprefixreservelist: prefixes }, index) => {
      const name = backendNamed(backendmode);
      if (name === undefined)
        throw new DecodeError(`server.reservedPrefixConfig[${index}].backendmode`, "a backend", backendmode);
      return [name, prefixes] as const;
    }),
  );

/** The reference's old names. */
const FORMER: Readonly<Record<string, BackendName>> = { File: "MountedFile", ConfigMap: "EKSConfigMap" };

const backendNamed = (text: string): BackendName | undefined =>
  BACKENDS.find((name) => name === text) ?? (Object.hasOwn(FORMER, text) ? FORMER[text] : undefined);

export interface BackendModes {
  readonly modes: readonly BackendName[];
  readonly warnings: readonly string[];
}

/** The backends that are wished for, in their order. @throws {KnownError} IAM_MAPPING */
export const backendModes = (wished: readonly string[]): BackendModes => {
  const wrong = (reason: string): KnownError => new KnownError("IAM_MAPPING", reason);
  const warnings: string[] = [];
  const modes = wished.map((text) => {
    const name = backendNamed(text);
    if (name === undefined)
      throw wrong(
        `backend-mode ${JSON.stringify(text)} is not a valid mode, but one of ${BACKENDS.join(", ")}`,
      );
    if (name !== text)
      warnings.push(
        `backend-mode ${JSON.stringify(text)} is deprecated, use ${JSON.stringify(name)} instead`,
      );
    return name;
  });
  if (modes.length === 0) throw wrong("at least one backend-mode must be specified");
  if (new Set(modes).size < modes.length)
    throw wrong(`backend-mode ${JSON.stringify(wished)} has duplicates`);
  return { modes, warnings };
};
