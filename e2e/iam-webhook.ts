import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { iamKubeconfig } from "../test/aws/iam-kubeconfig.ts";
import { startIamServer, type IamServerProgram } from "../test/aws/iam-server-program.ts";
import type { Kit } from "./kit.ts";

const run = promisify(execFile);

/** `mapRoles` of a server, each with a name and its user's. */
export interface WebhookWishes {
  readonly clusterId: string;
  /** ARNs of roles, and who they are: `{{SessionName}}` and the like stand for themselves. All are of `devs`. */
  readonly roles: Readonly<Record<string, string>>;
  /** What leads to its STS. */
  readonly env: NodeJS.ProcessEnv;
  /** Default: MountedFile alone. */
  readonly backends?: string;
  /** Default: kauth as the other tests run it. */
  readonly program?: string;
}

export const webhookConfig = (
  kit: Kit,
  { clusterId, roles }: Pick<WebhookWishes, "clusterId" | "roles">,
): string =>
  [
    `clusterID: ${clusterId}\nserver:\n  port: ${kit.webhookPort}\n  mapRoles:\n`,
    ...Object.entries(roles).map(
      ([arn, username]) => `  - roleARN: ${arn}\n    username: "${username}"\n    groups: [devs]\n`,
    ),
  ].join("");

/** The server that the kit's API server asks whose a token is; its configuration is `iam.yaml` of the directory. */
export async function startWebhook(
  kit: Kit,
  directory: string,
  wishes: WebhookWishes,
): Promise<IamServerProgram> {
  const config = join(directory, "iam.yaml");
  await writeFile(config, webhookConfig(kit, wishes));
  return await startIamServer({
    args: [
      "-c",
      config,
      "--kubeconfig-pregenerated",
      "--kubeconfig",
      kit.kubeconfig("admin"),
      "--tls-cert-file",
      join(kit.pki, "webhook-server.crt"),
      "--tls-key-file",
      join(kit.pki, "webhook-server.key"),
      "--backend-mode",
      wishes.backends ?? "MountedFile",
    ],
    env: wishes.env,
    ...(wishes.program === undefined ? {} : { program: [wishes.program, "iam", "server"] }),
  });
}

/** The kit's cluster for somebody whose credential plugin is `kauth iam token`; the path of the kubeconfig. */
export async function writeIamKubeconfig(
  kit: Kit,
  path: string,
  who: Parameters<typeof iamKubeconfig>[1],
): Promise<string> {
  const cluster = { server: kit.server, ca: await readFile(join(kit.pki, "ca.crt"), "utf8") };
  await writeFile(path, iamKubeconfig(cluster, who), { mode: 0o600 });
  return path;
}

export interface KubectlOutcome {
  readonly out: string;
  readonly err: string;
}

/** kubectl by a kubeconfig, in a home; what it says when it fails, too. */
export async function kubectlIn(
  kit: Kit,
  home: string,
  kubeconfig: string,
  ...args: readonly string[]
): Promise<KubectlOutcome> {
  try {
    const { stdout, stderr } = await run(kit.kubectl, [`--kubeconfig=${kubeconfig}`, ...args], {
      env: { PATH: process.env["PATH"], HOME: home, KAUTH_HOME: home },
    });
    return { out: stdout, err: stderr };
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    return { out: stdout, err: stderr };
  }
}
