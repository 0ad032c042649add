import { PROGRAM } from "../program.ts";

/** A kubeconfig whose credential plugin is `kauth iam token`, with somebody's keys in its environment. */
export const iamKubeconfig = (
  cluster: { readonly server: string; readonly ca: string },
  who: {
    readonly id: string;
    /** Whose keys; undefined: nobody's. */
    readonly person: { readonly secret: string; readonly session?: string } | undefined;
    readonly clusterId: string;
    /** More words for `kauth iam token`. */
    readonly args?: readonly string[];
    /** More of its environment. */
    readonly env?: Readonly<Record<string, string>>;
  },
): string => {
  const [command = "", ...first] = PROGRAM;
  const env = [
    { name: "AWS_ACCESS_KEY_ID", value: who.id },
    { name: "AWS_SECRET_ACCESS_KEY", value: who.person?.secret ?? "nobody's" },
    ...(who.person?.session === undefined ? [] : [{ name: "AWS_SESSION_TOKEN", value: who.person.session }]),
    { name: "AWS_REGION", value: "us-west-2" },
    { name: "AWS_EC2_METADATA_DISABLED", value: "true" },
    ...Object.entries(who.env ?? {}).map(([name, value]) => ({ name, value })),
  ];
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "c",
        cluster: {
          server: cluster.server,
          "certificate-authority-data": Buffer.from(cluster.ca).toString("base64"),
        },
      },
    ],
    users: [
      {
        name: "u",
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1",
            command,
            args: [...first, "iam", "token", "-i", who.clusterId, ...(who.args ?? [])],
            env,
            interactiveMode: "Never",
          },
        },
      },
    ],
    contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace: "apps" } }],
    "current-context": "c",
  });
};
