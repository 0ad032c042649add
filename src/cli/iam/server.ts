import { dirname } from "node:path";
import { counted } from "../../base/spoken.ts";
import type { Connection } from "../../api/index.ts";
import { ec2InstanceNames, followMappings, type MappingEvent } from "../../iam/index.ts";
import {
  createMetrics,
  endsSoon,
  givenCertificate,
  runIamServer,
  serverCertificate,
  webhookKubeconfig,
  webhookUrl,
  type Metrics,
  type ServerCertificate,
} from "../../iam/server/index.ts";
import type { System } from "../../base/system.ts";
import type { Invocation, ParsedOptions } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { tuneHeap } from "../tune-heap.ts";
import { connectApiServer } from "./api-server.ts";
import { handsOf } from "./hands.ts";
import { serverWishes, type ServerWishes } from "./server-settings.ts";

/** `kauth iam server`, which is `aws-iam-authenticator server`. */
export async function runServer(invocation: Invocation): Promise<number> {
  const { system, signal } = invocation;
  refuseOperands(invocation, "serve");
  tuneHeap(system);
  const wishes = await serverWishes(invocation);
  for (const warning of wishes.warnings) system.log.warn(warning);
  const { settings, config, configPath, modes } = wishes;
  const metrics = createMetrics();
  await using connection = await connectionFor(wishes, system, signal);
  await using live = followMappings({
    modes,
    config,
    configPath,
    connection,
    writeStatus: true,
    system,
    tell: (event) => tellMapping(event, { metrics, system }),
  });
  const names = ec2InstanceNames(
    {
      clusterId: settings.clusterId,
      region: settings.region,
      roleArn: config.ec2DescribeInstancesRoleArn,
      sourceArn: config.sourceArn,
      qps: wishes.ec2.perSecond,
      burst: wishes.ec2.burst,
    },
    handsOf({ ...invocation, options: UNATTENDED }),
    system,
  );
  const enabled = (): boolean => live.states().some(({ name }) => name === "DynamicFile");
  metrics.gauge("dynamic_file_enabled", "Whether DynamicFile counts", () => Number(enabled()));
  metrics.gauge("dynamic_file_only", "Whether nothing else counts", () =>
    Number(enabled() && live.states().length === 1),
  );
  await runIamServer(
    settings,
    {
      ...live,
      privateDnsName: names,
      metrics,
      certificate: async () => await certificateFor(wishes, system),
      audit: (line) => system.log.out(JSON.stringify(line)),
      onReady: async (port, certificate) => {
        await writeWebhookConfig(wishes, { port, certificate }, system);
        if (!certificate.own && endsSoon(certificate, system.now()))
          system.log.warn("The certificate ends within 30 days, and nobody renews it but you");
        const url = webhookUrl(settings.listen.address, port);
        system.log.say(`Answering on ${url} for cluster id ${JSON.stringify(settings.clusterId)}`);
      },
    },
    system,
    signal,
  );
  return 0;
}

/** No person is there to be asked for anything. */
const UNATTENDED: ParsedOptions = {
  boolean: () => false,
  string: () => undefined,
  list: () => [],
  count: () => 0,
};

/** The API server is looked for only where a backend may be there. */
const connectionFor = async (
  { modes, config, kubeconfig, master }: ServerWishes,
  system: System,
  signal: AbortSignal,
): Promise<Connection | undefined> =>
  modes.includes("EKSConfigMap") || modes.includes("CRD") || config.dynamicBackendModePath !== undefined
    ? await connectApiServer({ kubeconfig, server: master }, system, signal)
    : undefined;

const tellMapping = (
  event: MappingEvent,
  { metrics, system }: { readonly metrics: Metrics; readonly system: System },
): void => {
  switch (event.kind) {
    case "loaded":
      system.log.say(
        `${event.backend}: ${counted(event.entries, "entry", "entries")} and ${counted(event.accounts, "account")} count now`,
      );
      for (const warning of event.warnings) system.log.warn(`${event.backend}: ${warning}`);
      return;
    case "cleared":
      system.log.say(`${event.backend}: it is not there, and maps nobody`);
      return;
    case "failed":
      if (event.backend === "EKSConfigMap") metrics.count("configmap_watch_failures_total");
      if (event.backend === "DynamicFile") metrics.count("dynamicfile_failures_total");
      if (!event.again) system.log.warn(`${event.backend}: what was good last goes on: ${event.reason}`);
      return;
    case "unwritten":
      metrics.count("identity_status_failures_total");
      if (!event.again)
        system.log.warn(`CRD: a status was not written, which changes nothing for anybody: ${event.reason}`);
      return;
    case "modes":
      system.log.say(`Backends in use now: ${event.modes.join(", ")}`);
      return;
    case "latency":
      metrics.observeLatency(event.of, event.time);
      return;
    default:
      event satisfies never;
  }
};

const certificateFor = async (
  { given, stateDir, hostname, settings }: ServerWishes,
  system: System,
): Promise<ServerCertificate> =>
  given === undefined
    ? await serverCertificate({ stateDir, hostname, address: settings.listen.address }, system)
    : await givenCertificate(given, system);

/** Readable for the API server, which is another user perhaps: nothing of it is secret. */
const writeWebhookConfig = async (
  { pregenerated, generateKubeconfig, hostname }: ServerWishes,
  { port, certificate }: { readonly port: number; readonly certificate: ServerCertificate },
  system: System,
): Promise<void> => {
  if (pregenerated) return;
  await system.files.makeDirectory(dirname(generateKubeconfig));
  await system.files.write(
    generateKubeconfig,
    webhookKubeconfig(webhookUrl(hostname, port), certificate.trust),
    { mode: 0o644 },
  );
};
