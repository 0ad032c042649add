import { join } from "node:path";
import {
  serverCertificate,
  standingCertificate,
  webhookKubeconfig,
  webhookUrl,
} from "../../iam/server/index.ts";
import type { Invocation, ParsedOptions } from "../command.ts";
import { SERVER_OPTIONS } from "../commands/iam-server.ts";
import { refuseOperands } from "../options.ts";
import { serverWishes } from "./server-settings.ts";

/** What only `kauth iam server` has is not said. */
const onlyKnown = (options: ParsedOptions): ParsedOptions => {
  const known = (name: string): boolean => Object.hasOwn(SERVER_OPTIONS, name);
  return {
    boolean: (name) => known(name) && options.boolean(name),
    string: (name) => (known(name) ? options.string(name) : undefined),
    list: (name) => (known(name) ? options.list(name) : []),
    count: (name) => (known(name) ? options.count(name) : 0),
  };
};

const GATE = /^ConfiguredInitDirectories=(?:true|t|1)$/i;

/** `kauth iam init`, which is `aws-iam-authenticator init`; its defect D3, that `--address` counted for nothing, is gone. */
export async function runInit(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "make a certificate");
  const { settings, hostname, stateDir, generateKubeconfig } = await serverWishes({
    ...invocation,
    options: onlyKnown(options),
  });
  const { address, port } = settings.listen;
  const inPlace = options
    .list("feature-gates")
    .flatMap((word) => word.split(","))
    .some((gate) => GATE.test(gate));
  const wish = { stateDir: inPlace ? stateDir : system.cwd, hostname, address };
  const certificate = await (inPlace ? serverCertificate : standingCertificate)(wish, system);
  const path = inPlace ? generateKubeconfig : join(system.cwd, "aws-iam-authenticator.kubeconfig");
  await system.files.write(path, webhookKubeconfig(webhookUrl(hostname, port), certificate.trust), {
    mode: 0o644,
  });
  system.log.say(`Certificate and key are ${join(wish.stateDir, "cert.pem")} and key.pem beside it`);
  if (!inPlace) {
    system.log.say(`Copy both to ${stateDir} on each machine of the control plane`);
    system.log.say(`Copy ${path} to ${generateKubeconfig} there`);
  }
  system.log.say(
    `Start the API server with --authentication-token-webhook-config-file=${generateKubeconfig}`,
  );
  return 0;
}
