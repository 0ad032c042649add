import { gate } from "./gate.ts";
import { request as httpsRequest, Agent } from "node:https";
import { readFile } from "node:fs/promises";
import { Secret } from "../../src/base/secret.ts";
import { epochMillis, millis } from "../../src/base/units.ts";
import type { System } from "../../src/base/system.ts";
import { mintToken, type Backend } from "../../src/iam/index.ts";
import { lookupOf } from "../../src/iam/mapping/lookup.ts";
import type { MappingEntry } from "../../src/iam/mapping/table.ts";
import { partitionNamed, type Partition } from "../../src/iam/partitions.ts";
import type { AuditLine } from "../../src/iam/server/audit.ts";
import { createMetrics, type Metrics } from "../../src/iam/server/metrics.ts";
import { serverCertificate } from "../../src/iam/server/own-certificate.ts";
import { runIamServer, type IamServerSettings } from "../../src/iam/server/run.ts";
import { quietSystem } from "../api-server.ts";
import { newHome } from "../program.ts";
import {
  callerIdentitySts,
  type CallerIdentitySts,
  type FakeStsOptions,
  type Person,
} from "./caller-identity.ts";

export const CLUSTER_ID = "my-cluster";
export const ACCOUNT = "111122223333";
export const PEOPLE: Readonly<Record<string, Person>> = {
  ASIADEVDEVDEVDEVDEV1: {
    secret: "dev-secret",
    session: "dev-session/+=",
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Dev/jane`,
    account: ACCOUNT,
    userId: "AROADEV:jane",
  },
  AKIABOBBOBBOBBOBBOB1: {
    secret: "bob-secret",
    arn: `arn:aws:iam::${ACCOUNT}:user/bob`,
    account: ACCOUNT,
    userId: "AIDABOB",
  },
  AKIAFARFARFARFARFAR1: {
    secret: "far-secret",
    arn: "arn:aws:iam::999988887777:user/far",
    account: "999988887777",
    userId: "AIDAFAR",
  },
};

/** A token as somebody's own machine makes it. */
export const tokenOf = (
  id: string,
  more: {
    readonly clusterId?: string;
    readonly now?: number;
    readonly secret?: string;
    readonly region?: string;
  } = {},
): string => {
  const person = PEOPLE[id];
  const region = more.region ?? "us-west-2";
  return mintToken({
    clusterId: more.clusterId ?? CLUSTER_ID,
    endpoint: {
      scheme: "https",
      host: region === "global" ? "sts.amazonaws.com" : `sts.${region}.amazonaws.com`,
      signingRegion: region === "global" ? "us-east-1" : region,
    },
    keys: {
      accessKeyId: id,
      secretAccessKey: new Secret(more.secret ?? person?.secret ?? "nobody's"),
      sessionToken: person?.session === undefined ? undefined : new Secret(person.session),
    },
    now: epochMillis(more.now ?? Date.now()),
  }).token.reveal();
};

export const roleEntry = (more: Partial<MappingEntry> = {}): MappingEntry => ({
  subject: { kind: "role", arn: `arn:aws:iam::${ACCOUNT}:role/Dev` },
  username: "dev:{{SessionName}}",
  groups: ["devs"],
  origin: "mapRoles[0]",
  ...more,
});

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export interface IamServerScene extends AsyncDisposable {
  readonly sts: CallerIdentitySts;
  readonly port: number;
  readonly audit: readonly AuditLine[];
  readonly metrics: Metrics;
  readonly said: readonly string[];
  readonly stateDir: string;
  backends: readonly Backend[];
  ask(path: string, options?: { readonly method?: string; readonly body?: string | Buffer }): Promise<Answer>;
  /** A TokenReview, as an API server sends it. */
  review(
    token: string,
    version?: "v1" | "v1beta1",
  ): Promise<{ readonly status: number; readonly body: ReviewAnswer }>;
  stop(): Promise<void>;
}

export interface ReviewAnswer {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly status?: {
    readonly authenticated?: boolean;
    readonly error?: string;
    readonly audiences?: unknown;
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

export interface SceneWishes {
  readonly settings?: Partial<IamServerSettings>;
  readonly sts?: Partial<FakeStsOptions>;
  readonly entries?: readonly MappingEntry[];
  readonly accounts?: readonly string[];
  readonly system?: (system: System) => System;
}

/** The server, whole, and an STS behind a proxy. */
export async function iamServerScene(wishes: SceneWishes = {}): Promise<IamServerScene> {
  const sts = await callerIdentitySts({ people: PEOPLE, clusterId: CLUSTER_ID, ...wishes.sts });
  const home = await newHome();
  const quiet = quietSystem(sts.env);
  const system = wishes.system?.(quiet) ?? quiet;
  const audit: AuditLine[] = [];
  const metrics = createMetrics();
  const end = new AbortController();
  const ready = gate<number>();
  const scene = {
    backends: [
      {
        name: "MountedFile" as const,
        lookup: lookupOf({ entries: wishes.entries ?? [roleEntry()], accounts: wishes.accounts ?? [] }),
      },
    ] as readonly Backend[],
  };
  const wish = { stateDir: home.path, hostname: "localhost", address: "127.0.0.1" };
  const running = runIamServer(
    {
      clusterId: CLUSTER_ID,
      partition: partitionNamed("aws") as Partition,
      region: undefined,
      listen: { address: "127.0.0.1", port: 0 },
      stsQps: 1_000,
      stsBurst: 10_000,
      verdictLife: millis(0),
      compatStatus: false,
      scrubbed: new Set(),
      reserved: new Map(),
      ...wishes.settings,
    },
    {
      backends: () => scene.backends,
      privateDnsName: async (id) => await Promise.resolve(`ip-of-${id}`),
      metrics,
      certificate: async () => await serverCertificate(wish, system),
      audit: (line) => void audit.push(line),
      onReady: async (port) => {
        await Promise.resolve();
        ready.open(port);
      },
    },
    system,
    end.signal,
  );
  running.catch((error: unknown) => ready.fail(error as Error));
  const port = await ready.passed;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 50,
    ca: await readFile(`${home.path}/ca.pem`, "utf8"),
  });
  const ask: IamServerScene["ask"] = async (path, { method = "GET", body } = {}) =>
    await new Promise((resolve, reject) => {
      const sent = httpsRequest({ host: "localhost", port, path, method, agent, family: 4 }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(parts).toString(),
          }),
        );
      });
      sent.once("error", reject);
      sent.end(body);
    });
  return Object.assign(scene, {
    sts,
    port,
    audit,
    metrics,
    said: quiet.said,
    stateDir: home.path,
    ask,
    review: async (token: string, version: "v1" | "v1beta1" = "v1") => {
      const { status, text } = await ask("/authenticate", { method: "POST", body: reviewOf(token, version) });
      return { status, body: JSON.parse(text) as ReviewAnswer };
    },
    stop: async () => {
      end.abort(new Error("done"));
      await running;
    },
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      end.abort(new Error("done"));
      await running;
      await sts[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  });
}

/** As an API server writes it. */
export const reviewOf = (token: string, version: "v1" | "v1beta1" = "v1"): string =>
  JSON.stringify({
    apiVersion: `authentication.k8s.io/${version}`,
    kind: "TokenReview",
    metadata: { creationTimestamp: null },
    spec: { token, audiences: ["https://kubernetes.default.svc"] },
    status: { user: {} },
  });
