import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { person } from "../../../test/auth-provider-scene.ts";
import { successorLine } from "./successor.ts";

const API = "--exec-api-version=client.authentication.k8s.io/v1beta1 --exec-interactive-mode=IfAvailable";
const user = (
  config: Readonly<Record<string, string>> = {},
  name = "me",
): Parameters<typeof successorLine>[1] => ({
  name,
  config: new Map(Object.entries(config)),
  kubeconfig: undefined,
});

const AZURE = { "client-id": "c", "tenant-id": "t", "apiserver-id": "s" };
const azureLine = (environment: string, rest: string): string =>
  `kubectl has no auth provider "azure" since 1.26; kubelogin took its place. kauth still signs you in. To move on: kubectl config set-credentials me --exec-command=kubelogin ${API} --exec-arg=get-token --exec-arg=--login --exec-arg=devicecode --exec-arg=--environment --exec-arg=${environment} --exec-arg=--tenant-id --exec-arg=t --exec-arg=--client-id --exec-arg=c --exec-arg=--server-id --exec-arg=s${rest} && kubectl config unset users.me.auth-provider`;

describe("what replaced a provider, and how to move on", () => {
  test.each<[string, string, Readonly<Record<string, string>>, string | undefined]>([
    [
      "gcp",
      "gcp",
      { "access-token": "canary" },
      `kubectl has no auth provider "gcp" since 1.26; gke-gcloud-auth-plugin took its place. kauth still signs you in. To move on: kubectl config set-credentials me --exec-command=gke-gcloud-auth-plugin ${API} --exec-provide-cluster-info=true && kubectl config unset users.me.auth-provider`,
    ],
    ["azure", "azure", AZURE, azureLine("AzurePublicCloud", " --exec-arg=--legacy")],
    [
      "azure, mode 0",
      "azure",
      { ...AZURE, "config-mode": "0" },
      azureLine("AzurePublicCloud", " --exec-arg=--legacy"),
    ],
    ["azure, mode 1", "azure", { ...AZURE, "config-mode": "1" }, azureLine("AzurePublicCloud", "")],
    [
      "azure, another cloud, with secrets",
      "azure",
      {
        ...AZURE,
        environment: "AzureChinaCloud",
        "config-mode": "1",
        "access-token": "canary",
        "refresh-token": "canary",
      },
      azureLine("AzureChinaCloud", ""),
    ],
    [
      "openstack",
      "openstack",
      {
        identityEndpoint: "https://k/v3",
        username: "u",
        password: "canary",
        name: "d",
        tenantName: "p",
        tenantId: "1",
      },
      `kubectl has no auth provider "openstack" since 1.19; client-keystone-auth took its place. kauth still signs you in. To move on: kubectl config set-credentials me --exec-command=client-keystone-auth ${API} --exec-arg=--keystone-url --exec-arg=https://k/v3 --exec-arg=--domain-name --exec-arg=d --exec-arg=--user-name --exec-arg=u --exec-arg=--project-name --exec-arg=p && kubectl config unset users.me.auth-provider`,
    ],
    ["oidc, which is still there", "oidc", {}, undefined],
  ])("%s", (_name, provider, config, wanted) => {
    expect(successorLine(provider, user(config))).toBe(wanted);
  });

  test("names are quoted for a shell, and a kubeconfig of its own is named", () => {
    const line = successorLine("gcp", { ...user({}, "$(touch x) it's"), kubeconfig: "/a b/config" });
    expect(line).toContain(
      String.raw`kubectl '--kubeconfig=/a b/config' config set-credentials '$(touch x) it'\''s' `,
    );
    expect(line).toMatch(
      / && kubectl '--kubeconfig=\/a b\/config' config unset 'users\.\$\(touch x\) it'\\''s\.auth-provider'$/,
    );
  });

  test("a comma stays within its argument", () => {
    const line = successorLine("openstack", user({ identityEndpoint: "https://k", username: 'a,"b"' }));
    expect(line).toContain(`'--exec-arg="a,""b"""'`);
  });

  test("a shell and the words give a program what was meant", async () => {
    const line = successorLine("gcp", { ...user({}, "it's $HOME `x`"), kubeconfig: "/a b/config" }) ?? "";
    const command = line.slice(line.indexOf("kubectl '"));
    const script = `kubectl() { printf '%s\\n' "$@"; }; ${command}`;
    const { stdout } = await promisify(execFile)("sh", ["-c", script]);
    expect(stdout.split("\n")).toEqual([
      "--kubeconfig=/a b/config",
      "config",
      "set-credentials",
      "it's $HOME `x`",
      "--exec-command=gke-gcloud-auth-plugin",
      ...API.split(" "),
      "--exec-provide-cluster-info=true",
      "--kubeconfig=/a b/config",
      "config",
      "unset",
      "users.it's $HOME `x`.auth-provider",
      "",
    ]);
  });
});

describe("when it is told", () => {
  const STORED = {
    ...AZURE,
    environment: "AzurePublicCloud",
    "access-token": "canary",
    "refresh-token": "canary",
    "expires-in": "1",
    "expires-on": "4000000000",
  };

  test("once a process, on stderr, when somebody signs in", async () => {
    await using who = await person("azure", STORED);
    const source = await who.source();
    expect(who.said()).toBe("");
    await source.get();
    await source.get();
    await (await who.source()).get();
    expect(who.said().match(/kubectl has no auth provider "azure"/g)?.length).toBe(1);
    expect(who.said()).toContain(
      `${azureLine("AzurePublicCloud", " --exec-arg=--legacy").replaceAll(" me ", " u ").replace("users.me.", "users.u.")}\n`,
    );
    expect(who.said()).not.toContain("canary");
  });

  test("with the kubeconfig when it is not the usual one", async () => {
    await using who = await person("azure", STORED);
    await (await who.source({ ...who.system, home: join(who.home, "elsewhere") })).get();
    expect(who.said()).toContain(`kubectl --kubeconfig=${who.path} config set-credentials u `);
    await writeFile(who.path, "");
  });
});
