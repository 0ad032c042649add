import { createHmac, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Kit } from "./kit.ts";

/**
 * Tokens that really end: a credential plugin makes a new one each time it runs, and the API server asks the test
 * (the kit's token webhook) whose a token is, who refuses those that are over.
 */
export interface ShortTokens extends AsyncDisposable {
  readonly kubeconfig: string;
  /** The name that these tokens have in `status.userInfo.extra`: the number of the plugin's run. */
  readonly extra: string;
  /** How often the plugin ran. */
  runs(): Promise<number>;
  /** Different tokens that the API server has asked about, and of these the ones that were over. */
  asked(): { readonly accepted: number; readonly over: number };
}

/** The number, when it ends (milliseconds since 1970), and what proves both. */
const PLUGIN = `
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
const [, , at, key, life] = process.argv;
const serial = Number(readFileSync(at, "utf8")) + 1;
writeFileSync(at, String(serial));
const end = Date.now() + Number(life);
const text = "kauth-e2e-short." + serial + "." + end;
const token = text + "." + createHmac("sha256", readFileSync(key)).update(text).digest("hex");
console.log(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential",
  status: { token, expirationTimestamp: new Date(end).toISOString() } }));
`;

const EXTRA = "kauth-e2e/serial";

/** `life` in milliseconds. */
export async function startShortTokens(kit: Kit, user: string, life: number): Promise<ShortTokens> {
  const directory = await mkdtemp(join(tmpdir(), "kauth-e2e-short-"));
  const at = (name: string): string => join(directory, name);
  const secret = randomBytes(32);
  await writeFile(at("plugin.mjs"), PLUGIN, { mode: 0o600 });
  await writeFile(at("key"), secret, { mode: 0o600 });
  await writeFile(at("runs"), "0");
  const file = parse(await readFile(kit.kubeconfig("alice-token"), "utf8")) as { users: { user: unknown }[] };
  for (const entry of file.users)
    entry.user = {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: process.execPath,
        args: [at("plugin.mjs"), at("runs"), at("key"), String(life)],
        interactiveMode: "Never",
      },
    };
  await writeFile(at("kubeconfig"), stringify(file), { mode: 0o600 });

  const accepted = new Set<string>();
  const over = new Set<string>();
  const review = (token: string): object => {
    const [prefix = "", serial = "", end = "", mac = ""] = token.split(".");
    const text = `${prefix}.${serial}.${end}`;
    if (mac !== createHmac("sha256", secret).update(text).digest("hex")) return { authenticated: false };
    const good = Date.now() <= Number(end);
    (good ? accepted : over).add(serial);
    if (!good) return { authenticated: false };
    return {
      authenticated: true,
      user: { username: user, uid: `uid-of-${user}`, groups: ["devs"], extra: { [EXTRA]: [serial] } },
      audiences: ["https://kubernetes.default.svc"],
    };
  };
  const webhook = createServer(
    {
      cert: await readFile(join(kit.pki, "webhook-server.crt")),
      key: await readFile(join(kit.pki, "webhook-server.key")),
    },
    (request, response) => {
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString()));
      request.once("end", () => {
        const { spec } = JSON.parse(text) as { readonly spec: { readonly token: string } };
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({
            apiVersion: "authentication.k8s.io/v1",
            kind: "TokenReview",
            status: review(spec.token),
          }),
        );
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    webhook.once("error", reject);
    webhook.listen(kit.webhookPort, "127.0.0.1", resolve);
  });
  return {
    kubeconfig: at("kubeconfig"),
    extra: EXTRA,
    runs: async () => Number(await readFile(at("runs"), "utf8")),
    asked: () => ({ accepted: accepted.size, over: over.size }),
    [Symbol.asyncDispose]: async () => {
      webhook.closeAllConnections();
      await new Promise((resolve) => webhook.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
