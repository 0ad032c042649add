import { isIP } from "node:net";
import { KnownError, messageOf } from "../../base/errors.ts";
import { parseGoDuration } from "../../base/go-duration.ts";
import type { System } from "../../base/system.ts";
import { MiB, millis, type Millis } from "../../base/units.ts";
import { backendModes, readServerConfig, type BackendName, type ServerConfig } from "../../iam/index.ts";
import { PARTITIONS, partitionNamed, VERDICT_MOST, type IamServerSettings } from "../../iam/server/index.ts";
import type { Invocation, ParsedOptions } from "../command.ts";

/** What `kauth iam server` and `kauth iam init` are told, flags before the file's keys (iam.md §1.8). */
export interface ServerWishes {
  /** Of `--config`; undefined without it. */
  readonly configPath: string | undefined;
  readonly config: ServerConfig;
  readonly settings: IamServerSettings;
  readonly hostname: string;
  readonly stateDir: string;
  readonly generateKubeconfig: string;
  readonly pregenerated: boolean;
  readonly kubeconfig: string | undefined;
  readonly master: string | undefined;
  readonly modes: readonly BackendName[];
  readonly warnings: readonly string[];
  readonly given: { readonly cert: string; readonly key: string } | undefined;
  readonly ec2: { readonly perSecond: number; readonly burst: number };
}

/** With mappings for a large company in it. */
const FILE_LIMIT = MiB(4);
const LOOPBACK = /^(?:127\.|::1$)/;

const wrong = (message: string, hint?: string): KnownError =>
  new KnownError("IAM_SERVER_CONFIG", message, hint === undefined ? {} : { hint });

/** Reads the file of `--config`. @throws {KnownError} IAM_CONFIG, IAM_MAPPING */
async function loadServerConfig(path: string | undefined, system: System): Promise<ServerConfig> {
  if (path === undefined) return await readServerConfig("", "no file");
  let text: string;
  try {
    text = (await system.files.read(path, FILE_LIMIT)).toString("utf8");
  } catch (error) {
    throw new KnownError(
      "IAM_CONFIG",
      `Can't read configuration file ${JSON.stringify(path)}: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return await readServerConfig(text, path);
}

/** @throws {KnownError} IAM_SERVER_CONFIG, IAM_CONFIG, IAM_MAPPING */
export async function serverWishes({ system, options }: Invocation): Promise<ServerWishes> {
  const text = (name: string): string | undefined => options.list(name).at(-1) || undefined;
  const configPath = text("config");
  const config = await loadServerConfig(configPath, system);
  const clusterId = text("cluster-id") ?? config.clusterId;
  if (clusterId === undefined)
    throw wrong("cluster ID cannot be empty", "Give it with -i, or as clusterID in the file of --config.");
  // It is sent as a header.
  if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(clusterId))
    throw wrong(`cluster ID ${JSON.stringify(clusterId)} must be at most 255 printable ASCII characters`);
  const partition = partitionNamed(text("partition") ?? config.partition ?? "aws");
  if (partition === undefined)
    throw wrong(`invalid partition: it must be one of ${PARTITIONS.map(({ name }) => name).join(", ")}`);
  const modeWords = options.list("backend-mode").flatMap((word) => word.split(/[\s,]+/));
  const { modes, warnings } = backendModes(
    modeWords.length > 0 ? modeWords.filter((word) => word !== "") : (config.backendMode ?? ["MountedFile"]),
  );
  const address = text("address") ?? config.address ?? "127.0.0.1";
  if (isIP(address) === 0) throw wrong(`address ${JSON.stringify(address)} must be an IP address`);
  const notices = LOOPBACK.test(address)
    ? []
    : [`${address} is no loopback address: whoever reaches it can have tokens looked at, within --sts-qps`];
  return {
    configPath,
    config,
    settings: {
      clusterId,
      partition,
      region: text("region") ?? config.region,
      listen: { address, port: whole("port", text("port") ?? config.port, 21_362, 65_535) },
      stsQps: whole("sts-qps", text("sts-qps"), 100, 1_000_000),
      stsBurst: Math.max(1, whole("sts-burst", text("sts-burst"), 200, 1_000_000)),
      verdictLife: verdictLife(text("verdict-cache")),
      compatStatus: options.boolean("compat-status"),
      scrubbed: new Set(config.scrubbedAccounts),
      reserved: config.reserved,
    },
    hostname: text("hostname") ?? config.hostname ?? "localhost",
    stateDir: text("state-dir") ?? config.stateDir ?? "/var/aws-iam-authenticator",
    generateKubeconfig:
      text("generate-kubeconfig") ??
      config.generateKubeconfig ??
      "/etc/kubernetes/aws-iam-authenticator/kubeconfig.yaml",
    pregenerated:
      options.list("kubeconfig-pregenerated").length > 0
        ? options.boolean("kubeconfig-pregenerated")
        : (config.kubeconfigPregenerated ?? false),
    kubeconfig: text("kubeconfig") ?? config.kubeconfig,
    master: text("master") ?? config.master,
    modes,
    warnings: [...warnings, ...notices],
    given: givenPair(options),
    ec2: {
      perSecond: whole(
        "ec2-describeInstances-qps",
        text("ec2-describeInstances-qps") ?? config.ec2DescribeInstancesQps,
        15,
        1_000_000,
      ),
      burst: whole(
        "ec2-describeInstances-burst",
        text("ec2-describeInstances-burst") ?? config.ec2DescribeInstancesBurst,
        5,
        1_000_000,
      ),
    },
  };
}

const givenPair = (options: ParsedOptions): ServerWishes["given"] => {
  const cert = options.string("tls-cert-file") || undefined;
  const key = options.string("tls-key-file") || undefined;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw wrong("--tls-cert-file and --tls-key-file go together, and one of them is missing");
  return { cert, key };
};

const whole = (name: string, value: string | number | undefined, usual: number, most: number): number => {
  if (value === undefined) return usual;
  const number = /^\d{1,7}$/.test(String(value)) ? Number(value) : NaN;
  if (number <= most) return number;
  throw wrong(`--${name}=${JSON.stringify(value)} must be a whole number up to ${most}`);
};

const verdictLife = (text: string | undefined): Millis => {
  if (text === undefined) return millis(0);
  let life: Millis | undefined;
  try {
    life = parseGoDuration(text);
  } catch {
    // Told below.
  }
  if (life !== undefined && life >= 0 && life <= VERDICT_MOST) return life;
  throw wrong(
    `--verdict-cache=${JSON.stringify(text)} must be a duration of ${VERDICT_MOST / 1000}s at most, such as 10s`,
  );
};
