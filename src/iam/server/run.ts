import { createHttpPool } from "../../base/http-pool.ts";
import type { SocketAddress } from "../../base/proc-net.ts";
import type { System } from "../../base/system.ts";
import { messageOf } from "../../base/errors.ts";
import { millis, type Millis } from "../../base/units.ts";
import type { Backend, PrivateDnsName } from "../mapping/mapper.ts";
import { createMapper } from "../mapping/mapper.ts";
import type { ReservedPrefixes } from "../mapping/reserved.ts";
import type { Partition } from "../partitions.ts";
import { askSts } from "../verify/ask.ts";
import type { AuditLine } from "./audit.ts";
import { stsRegion } from "./authenticate.ts";
import { createDesk } from "./desk.ts";
import type { Metrics } from "./metrics.ts";
import type { ServerCertificate } from "./own-certificate.ts";
import { serveTls } from "./serve.ts";
import { createWebhook } from "./webhook.ts";

/** All that a server needs to know, checked. */
export interface IamServerSettings {
  readonly clusterId: string;
  readonly partition: Partition;
  readonly region: string | undefined;
  readonly listen: SocketAddress;
  readonly stsQps: number;
  readonly stsBurst: number;
  readonly verdictLife: Millis;
  readonly compatStatus: boolean;
  readonly scrubbed: ReadonlySet<string>;
  readonly reserved: ReservedPrefixes;
}

export interface IamServerParts {
  readonly backends: () => readonly Backend[];
  readonly privateDnsName: PrivateDnsName;
  readonly metrics: Metrics;
  /** Read again and again: whoever changes it, we too, has its new one shown. */
  readonly certificate: () => Promise<ServerCertificate>;
  readonly audit: (line: AuditLine) => void;
  /** Once it listens. `port` is the real one. */
  readonly onReady: (port: number, certificate: ServerCertificate) => Promise<void>;
}

/** Connections to one host of STS. Each carries some ten questions a second. */
const CONNECTIONS = 128;
const IDLE = millis(55_000);
/** How often the certificate is looked at. */
const LOOK = millis(60_000);

/**
 * `kauth iam server` until the signal, then until everybody who waits has an answer.
 * @throws {KnownError} PORT_TAKEN, LISTEN_FAILED, IAM_SERVER_CERTIFICATE
 */
export async function runIamServer(
  settings: IamServerSettings,
  parts: IamServerParts,
  system: System,
  signal: AbortSignal,
): Promise<void> {
  const { metrics, backends, privateDnsName } = parts;
  using pool = createHttpPool({ most: CONNECTIONS, idle: IDLE }, system);
  const desk = createDesk(
    { ...settings, partition: settings.partition.name },
    {
      ask: async (request) => await askSts(request, settings.clusterId, system, { pool }),
      system,
      onAnswer: (host, status) =>
        metrics.count("sts_responses_total", { ResponseCode: String(status), StsRegion: stsRegion(host) }),
    },
  );
  const mapper = createMapper({ backends, reserved: settings.reserved, privateDnsName });
  const unready = (): readonly string[] => [
    ...(signal.aborted ? ["it is ending"] : []),
    ...backends().flatMap(({ name, lookup }) => (lookup === undefined ? [`${name} was not read yet`] : [])),
  ];
  const handler = createWebhook({ ...settings, ...parts, desk, mapper, system, unready });
  let certificate = await parts.certificate();
  const serving = await serveTls(settings.listen, certificate, handler, system);
  try {
    await parts.onReady(serving.port, certificate);
    while (!signal.aborted) {
      await system.sleep(LOOK, signal).catch(() => undefined);
      if (signal.aborted) break;
      try {
        const next = await parts.certificate();
        if (next.cert === certificate.cert) continue;
        certificate = next;
        serving.show(next);
        system.log.say("A new certificate is shown from now on");
      } catch (error) {
        system.log.warn(`The certificate stays as it is: ${messageOf(error)}`);
      }
    }
  } finally {
    await serving.stop();
  }
}
