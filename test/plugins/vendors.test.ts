import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newScene, type Scene } from "./plugin-scene.ts";

/** Stand-ins for plugins that need an account to run: they take the arguments and print what the vendors document. */

let scene: Scene;
beforeEach(async () => {
  scene = await newScene();
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln";
/** Keeps its arguments and what it was told, and answers in the version that it was asked in. */
const BEGIN = `
printf '%s\\n' "$@" >"$HOME/args"
printf '%s' "$KUBERNETES_EXEC_INFO" >"$HOME/info"
version=$(printf '%s' "$KUBERNETES_EXEC_INFO" | sed 's/.*"apiVersion":"\\([^"]*\\)".*/\\1/')`;
const answer = (token: string): string => `cat <<EOF
{
    "kind": "ExecCredential",
    "apiVersion": "$version",
    "spec": {
        "interactive": false
    },
    "status": {
        "expirationTimestamp": "2999-01-01T00:00:00Z",
        "token": "${token}"
    }
}
EOF`;
const kept = async (name: string): Promise<string> => await readFile(join(scene.directory, name), "utf8");
const info = async (): Promise<unknown> => JSON.parse(await kept("info"));

const VERSIONS = ["client.authentication.k8s.io/v1beta1", "client.authentication.k8s.io/v1"] as const;

describe.each(VERSIONS)("kubelogin (kubectl oidc-login), %s", (apiVersion) => {
  const args = [
    "oidc-login",
    "get-token",
    "--oidc-issuer-url=https://issuer.test",
    "--oidc-client-id=kubernetes",
  ];
  /** As `kubectl oidc-login setup` advises. */
  const exec = {
    apiVersion,
    command: "kubectl",
    args,
    env: null,
    interactiveMode: "Never",
    provideClusterInfo: false,
  };

  test("signs in while its browser is open", async () => {
    await scene.program(
      "kubectl",
      `${BEGIN}\necho 'Open http://localhost:8000 for authentication' >&2\n${answer(JWT)}`,
    );
    const { code, stdout, stderr } = await scene.token(exec);
    expect([code, stdout, stderr]).toEqual([
      0,
      `${JWT}\n`,
      "kubectl: Open http://localhost:8000 for authentication\n",
    ]);
    expect(await kept("args")).toBe(args.map((word) => `${word}\n`).join(""));
    expect(await info()).toEqual({ kind: "ExecCredential", apiVersion, spec: { interactive: false } });
  });

  test("a code to type on another device is shown", async () => {
    const prompt = "Please enter the following code when asked in your browser: WDJB-MJHT";
    await scene.program("kubectl", `${BEGIN}\necho '${prompt}' >&2\n${answer(JWT)}`);
    expect((await scene.token(exec)).stderr).toBe(`kubectl: ${prompt}\n`);
  });

  test("its own error is quoted, the client secret is not", async () => {
    const secret = "hunter2-canary";
    await scene.program(
      "kubectl",
      `echo "error: get-token: authentication error: oauth2: cannot fetch token with $5" >&2\nexit 1`,
    );
    const { code, stderr } = await scene.token({
      ...exec,
      args: [...args, `--oidc-client-secret=${secret}`],
    });
    expect(code).toBe(1);
    expect(stderr).toContain(
      "failed with exit code 1\nIt said: error: get-token: authentication error: oauth2",
    );
    expect(stderr).not.toContain(secret);
  });

  test("kubectl without its plugin", async () => {
    await scene.program("kubectl", `echo 'error: unknown command "oidc-login" for "kubectl"' >&2\nexit 1`);
    expect((await scene.token(exec)).stderr).toContain(
      'It said: error: unknown command "oidc-login" for "kubectl"',
    );
  });
});

describe("gke-gcloud-auth-plugin", () => {
  const apiVersion = VERSIONS[0];
  const installHint =
    "Install gke-gcloud-auth-plugin for use with kubectl by following\n  https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin";
  /** As `gcloud container clusters get-credentials` writes it. */
  const exec = { apiVersion, command: "gke-gcloud-auth-plugin", installHint, provideClusterInfo: true };

  test("is told of its cluster and gives a token", async () => {
    await scene.program("gke-gcloud-auth-plugin", `${BEGIN}\n${answer("ya29.a0AfH6SMBx")}`);
    const { code, stdout, stderr } = await scene.token(exec);
    expect([code, stdout, stderr]).toEqual([0, "ya29.a0AfH6SMBx\n", ""]);
    const cluster = { server: "https://cluster.test", "certificate-authority-data": "Y2E=", config: null };
    expect(await info()).toEqual({
      kind: "ExecCredential",
      apiVersion,
      spec: { cluster, interactive: false },
    });
  });

  test("is not installed: the vendor's hint", async () => {
    const { code, stderr } = await scene.token(exec, { env: { PATH: "/nowhere" } });
    expect(code).toBe(1);
    expect(stderr).toContain(
      "getting credentials: exec: executable gke-gcloud-auth-plugin not found\n\nIt looks like",
    );
    expect(stderr).toContain(installHint);
  });

  test("nobody has signed in", async () => {
    const words =
      "print credential failed with error: Failed to retrieve access token:: failure while executing gcloud";
    await scene.program(
      "gke-gcloud-auth-plugin",
      `echo 'F1126 09:00:00.000000 1 cred.go:145] ${words}' >&2\nexit 1`,
    );
    const { code, stderr } = await scene.token(exec);
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });
});

describe("Azure's kubelogin", () => {
  const apiVersion = VERSIONS[0];
  const installHint =
    "\nkubelogin is not installed which is required to connect to AAD enabled cluster.\n\nTo learn more, please go to https://azure.github.io/kubelogin/\n";
  /** As `az aks get-credentials` and `kubelogin convert-kubeconfig` write it. */
  const exec = {
    apiVersion,
    args: [
      "get-token",
      "--environment",
      "AzurePublicCloud",
      "--server-id",
      "6dae42f8-4368-4678-94ff-3960e28e3630",
      "--client-id",
      "80faf920-1908-4b52-b5ef-a8e7bedfc67a",
      "--tenant-id",
      "00000000-0000-0000-0000-000000000000",
      "--login",
      "devicecode",
    ],
    command: "kubelogin",
    env: null,
    installHint,
    provideClusterInfo: false,
  };

  test("shows the device code, then gives a token", async () => {
    const prompt =
      "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code C8H5WQWFF to authenticate.";
    await scene.program("kubelogin", `${BEGIN}\necho '${prompt}' >&2\n${answer(JWT)}`);
    const { code, stdout, stderr } = await scene.token(exec);
    expect([code, stdout, stderr]).toEqual([0, `${JWT}\n`, `kubelogin: ${prompt}\n`]);
    expect(await kept("args")).toBe(exec.args.map((word) => `${word}\n`).join(""));
  });

  test("a secret of a service principal in its environment is not quoted", async () => {
    await scene.program(
      "kubelogin",
      `echo "Error: failed with $AAD_SERVICE_PRINCIPAL_CLIENT_SECRET" >&2\nexit 1`,
    );
    const env = [{ name: "AAD_SERVICE_PRINCIPAL_CLIENT_SECRET", value: "hunter2-canary" }];
    const { stderr } = await scene.token({ ...exec, env });
    expect(stderr).toContain("Error: failed with [redacted]");
    expect(stderr).not.toContain("hunter2");
  });

  test("is not installed: the vendor's hint", async () => {
    const { stderr } = await scene.token(exec, { env: { PATH: "/nowhere" } });
    expect(stderr).toContain("exec: executable kubelogin not found\n");
    expect(stderr).toContain(
      "kubelogin is not installed which is required to connect to AAD enabled cluster.",
    );
  });
});
