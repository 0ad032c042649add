import fc from "fast-check";
import { realFiles } from "../../src/base/files.ts";
import { loadPluginPolicy } from "../../src/kubeconfig/kuberc.ts";
import { quietSystem } from "../api-server.ts";
import { judged, reshaped, spoiled, type Wishes } from "./spoil.ts";

const PREFERENCE = {
  apiVersion: "kubectl.config.k8s.io/v1beta1",
  kind: "Preference",
  defaults: [{ command: "get", options: [{ name: "output", default: "wide" }] }],
  aliases: [{ name: "g", command: "get", prependArgs: ["pods"], options: [] }],
  credentialPluginPolicy: "Allowlist",
  credentialPluginAllowlist: [{ name: "aws" }, { command: "/usr/bin/kubelogin" }],
};
const YAML = `# preferences
apiVersion: kubectl.config.k8s.io/v1alpha1
kind: Preference
overrides: []
---
apiVersion: kubectl.config.k8s.io/v1beta1
kind: Preference
credentialPluginPolicy: DenyAll
`;

const file = fc.oneof(
  spoiled(JSON.stringify(PREFERENCE, undefined, 2), YAML),
  reshaped(PREFERENCE).map((value) => Buffer.from(JSON.stringify(value) ?? "")),
);

/** kubectl's preferences: a policy comes of them, or an error that says why not. */
export async function fuzzKuberc({ runs, seed }: Wishes): Promise<void> {
  const system = quietSystem({ KUBERC: "/rc" });
  await fc.assert(
    fc.asyncProperty(file, async (bytes) => {
      const files = { ...realFiles, read: () => Promise.resolve(bytes) };
      const policy = await judged(async () => await loadPluginPolicy({ ...system, files }));
      if (policy?.kind === "Allowlist" && (policy.entries.length === 0 || policy.entries.includes("")))
        throw new Error("a list that allows nothing, or anything");
    }),
    { numRuns: runs, ...seed },
  );
}
