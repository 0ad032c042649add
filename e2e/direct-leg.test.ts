import { once } from "node:events";
import { WebSocket } from "ws";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { open, type Opened } from "../test/opened.ts";
import { openKit, type Kit } from "./kit.ts";

/** The right to forward, which the person with the client certificate has from this test alone. */
const NAME = "kauth-e2e-direct-leg";
const PODS = "/clusters/main/api/v1/namespaces/apps/pods";

let kit: Kit;
const forget = async (): Promise<unknown> =>
  await kit.admin("delete", "role,rolebinding", NAME, "-n", "apps", "--ignore-not-found");

beforeAll(async () => {
  kit = await openKit();
  await forget();
  await kit.admin("create", "role", NAME, "-n", "apps", "--verb=create,get", "--resource=pods/portforward");
  await kit.admin("create", "rolebinding", NAME, "-n", "apps", `--role=${NAME}`, "--group=certs");
});
afterAll(forget);

const openDirect = async (user: string): Promise<Opened> =>
  await open(["svc/ui:http", "-n", "apps", "--kubeconfig", kit.kubeconfig(user), "--leg", "direct"]);

describe("D.2: the direct leg", () => {
  test.each([
    ["alice-token", "alice", undefined],
    ["exec", "alice", undefined],
    ["cert-user", "cert-user", undefined],
    ["impersonate", "impersonator", "alice"],
  ])("%s: the API knows the person, and the pod sees no credential", async (kubeconfig, person, as) => {
    await using ui = await openDirect(kubeconfig);
    const from = await kit.auditSize();
    const listed = await ui.fetch({ path: PODS });
    expect(listed.status, listed.text).toBe(200);
    expect(await ui.json("/clusters/main/me")).toMatchObject({ username: as ?? person });
    // The app answers 401 to whoever shows it nothing, and says how many credentials it saw.
    expect((await ui.fetch({ path: "/api/me" })).status).toBe(401);
    const shown = {
      authorization: "Bearer theirs",
      "impersonate-user": "root",
      cookie: "headlamp-auth-main.0=x",
    };
    const { text: recorded } = await ui.fetch({ path: "/echo", headers: shown });
    expect(recorded).toContain("/echo");
    expect(recorded).not.toMatch(/authorization|impersonate|headlamp-auth|kauth-test-token/i);

    const lists = (await kit.audit(from)).filter(
      ({ uri, verb, stage }) =>
        verb === "list" && stage === "ResponseComplete" && uri === "/api/v1/namespaces/apps/pods",
    );
    expect(lists.length).toBeGreaterThan(0);
    const [line] = lists;
    expect(line).toMatchObject({ user: person, code: 200 });
    expect(line?.userAgent).toMatch(/^kauth\/\d/);
    if (as !== undefined) expect(line?.line).toMatch(new RegExp(`"impersonatedUser":\\{"username":"${as}"`));
    process.stdout.write(`${line?.line ?? ""}\n`);
  });

  test("a watch by WebSocket, which the API server takes from no page, hears what happens", async () => {
    await using ui = await openDirect("cert-user");
    const socket = new WebSocket(`ws://127.0.0.1:${ui.port}${PODS}?watch=1`, ["base64.binary.k8s.io"], {
      headers: { host: ui.origin.host, origin: ui.origin.origin, "x-kauth-token": ui.token },
    });
    const [message] = (await once(socket, "message")) as [Buffer];
    expect(JSON.parse(message.toString())).toMatchObject({ type: "ADDED", object: { kind: "Pod" } });
    socket.close();
    await once(socket, "close");
  });

  test("the API server's restart is waited out", async () => {
    await using ui = await openDirect("cert-user");
    const back = kit.fault("restart-apiserver");
    await new Promise((resolve) => setTimeout(resolve, 500));
    // It answers before it knows its roles, and what it says then is its own.
    expect([200, 403]).toContain((await ui.fetch({ path: PODS })).status);
    await back;
    await expect
      .poll(async () => (await ui.fetch({ path: PODS })).status, { timeout: 20_000, interval: 500 })
      .toBe(200);
  });
});
