import { dirname } from "node:path";
import { KnownError } from "../../base/errors.ts";
import { lookupOf } from "../../iam/index.ts";
import {
  createMetrics,
  givenCertificate,
  runIamServer,
  serverCertificate,
  webhookKubeconfig,
  webhookUrl,
  type ServerCertificate,
} from "../../iam/server/index.ts";
import type { System } from "../../base/system.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { serverWishes, type ServerWishes } from "./server-settings.ts";

/** `kauth iam server`, which is `aws-iam-authenticator server`. */
export async function runServer(invocation: Invocation): Promise<number> {
  const { system, signal } = invocation;
  refuseOperands(invocation, "serve");
  const wishes = await serverWishes(invocation);
  for (const warning of wishes.warnings) system.log.warn(warning);
  const { settings, config } = wishes;
  const lookup = lookupOf(config.mapping.table);
  await runIamServer(
    settings,
    {
      backends: () => [{ name: "MountedFile", lookup }],
      privateDnsName: () => {
        throw new KnownError("IAM_NOT_MAPPED", "no EC2");
      },
      metrics: createMetrics(),
      certificate: async () => await certificateFor(wishes, system),
      audit: (line) => system.log.out(JSON.stringify(line)),
      onReady: async (port, certificate) => {
        await writeWebhookConfig(wishes, { port, certificate }, system);
        const at = settings.listen.address;
        system.log.say(
          `Answering on https://${at.includes(":") ? `[${at}]` : at}:${port}/authenticate for cluster id ${JSON.stringify(settings.clusterId)}`,
        );
      },
    },
    system,
    signal,
  );
  return 0;
}

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
