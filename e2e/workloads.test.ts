import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kauth } from "../test/program.ts";
import { podsOf } from "./disturb.ts";
import { open } from "../test/opened.ts";
import { openKit, type Kit } from "./kit.ts";

/** Targets that one more right is needed for: `get` on their kind, which nobody but this test gives alice. */
const NAME = "kauth-e2e-workloads";

let kit: Kit;
const forget = async (): Promise<unknown> =>
  await kit.admin("delete", "role,rolebinding", NAME, "-n", "apps", "--ignore-not-found");

beforeAll(async () => {
  kit = await openKit();
  await forget();
});
afterAll(forget);

const alice = (): readonly string[] => ["-n", "apps", "--kubeconfig", kit.kubeconfig("alice-token")];

const allow = async (): Promise<void> => {
  const resource = ["deployments.apps", "statefulsets.apps", "replicasets.apps"].join(",");
  await kit.admin("create", "role", NAME, "-n", "apps", "--verb=get", `--resource=${resource}`);
  await kit.admin("create", "rolebinding", NAME, "-n", "apps", `--role=${NAME}`, "--user=alice");
};

const replicaSetOf = async (app: string): Promise<string> => {
  const text = await kit.admin("get", "pods", "-n", "apps", "-l", `app=${app}`, "-o", "json");
  const { items } = JSON.parse(text) as {
    readonly items: readonly {
      readonly metadata: { readonly ownerReferences: readonly { readonly name: string }[] };
    }[];
  };
  return items[0]?.metadata.ownerReferences[0]?.name ?? "";
};

describe("C.1: workloads as targets", () => {
  test.each(["deploy/ui:http", "sts/sts:http", "rs/ui-0:http"])(
    "%s without the right to get it says which right is missing",
    async (target) => {
      const ended = await kauth(["open", target, ...alice(), "--skip-open-browser"]);
      expect(ended.code, ended.stderr).toBe(1);
      expect(ended.stderr).toMatch(/get .*(deployments|statefulsets|replicasets)/);
      expect(ended.stderr).toContain("svc/NAME");
    },
  );

  test("deploy/, sts/ and rs/ lead to a pod of theirs, by the port's name and its number", async () => {
    await allow();
    const set = await replicaSetOf("single");
    const targets = [
      ["deploy/ui:http", /^ui-/, "http"],
      ["deploy/ui:8443", /^ui-/, "https"],
      ["sts/sts:8080", /^sts-0$/, "http"],
      [`rs/${set}:http`, new RegExp(`^${set}-`), "http"],
    ] as const;
    for (const [target, pod, scheme] of targets) {
      await using ui = await open([target, ...alice()]);
      const me = await ui.json("/api/me");
      expect(me, target).toMatchObject({ user: "alice", scheme, authorizationHeaderCount: 1 });
      expect(me["podName"], target).toMatch(pod);
    }
  });

  test("a pod of two ports needs one of them named", async () => {
    const ended = await kauth(["open", "deploy/ui", ...alice(), "--skip-open-browser"]);
    expect(ended.code, ended.stderr).not.toBe(0);
    expect(ended.stderr).toMatch(/http.*https|8080.*8443/s);
  });

  test.each([
    ["deploy/single:http", "single"],
    ["sts/sts:http", "sts"],
  ])("%s goes on in the pod that takes the place of one that is deleted", async (target, app) => {
    await using ui = await open([target, ...alice()]);
    await ui.json("/api/me");
    const uid = (await podsOf(kit, app))[0]?.uid;
    await kit.admin("delete", "pod", "-n", "apps", "-l", `app=${app}`);
    // There is no other one: where the new pod is not ready yet, this is held until it is.
    const answer = await ui.fetch({ path: "/api/me" });
    expect(answer.status, ui.stderr()).toBe(200);
    const [pod] = await podsOf(kit, app);
    expect(pod?.uid).not.toBe(uid);
    expect(JSON.parse(answer.text)).toMatchObject({ user: "alice", podName: pod?.name });
    expect(ui.child.exitCode).toBeNull();
  });
});
