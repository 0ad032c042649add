import { createServer } from "node:http";
import type { ErrorCode, MissingRight } from "../../src/base/errors.ts";
import { KnownError } from "../../src/base/errors.ts";
import { problemOf } from "../../src/proxy/forward/outage.ts";
import type { OwnPage } from "../../src/proxy/pages/document.ts";
import { continuePage, landingPage, signedOutPage } from "../../src/proxy/pages/fixed.ts";
import { launchPage } from "../../src/proxy/pages/launch.ts";
import { problemPage } from "../../src/proxy/pages/problem.ts";
import { goPage } from "../../src/proxy/pages/go.ts";
import { startPage } from "../../src/proxy/pages/start.ts";
import type { ClusterView, StartView, TargetView } from "../../src/proxy/pages/start-view.ts";
import { stopPage, stoppedPage } from "../../src/proxy/pages/stop.ts";
import { Secret } from "../../src/base/secret.ts";
import { stillSystem } from "../proxy/data-plane.ts";

const START = "http://kauth-0123456789abcdef0123.localhost:18000/";

const problem = (code: ErrorCode | undefined, right?: MissingRight): OwnPage =>
  problemPage({
    ...problemOf(
      code === undefined ? new Error("late") : new KnownError(code, "for the test", { right }),
      { navigation: true, fate: "harmless" },
      { system: stillSystem().system, onIncident: () => undefined, start: START },
    ),
    // As the proxy makes them, of four random bytes.
    incident: "3f9a2c41",
  });

const CLUSTER: ClusterView = {
  id: "c0",
  context: "staging",
  user: "alice@example.com",
  signIn: "well",
  reason: undefined,
  ends: "in 14 min (15:04:05)",
  production: false,
  color: undefined,
  notice: undefined,
};
const TARGET: TargetView = {
  id: "t0",
  title: "svc/headlamp in headlamp",
  cluster: "c0",
  health: "connected",
  tone: "well",
  readOnly: false,
  sends: "your token",
};
const FAILED = {
  signIn: "failed",
  ends: undefined,
  reason: "The credential plugin failed. Run it by hand to see why.",
} as const;

/** One cluster and one target, as most people have. */
const one = (more: Partial<ClusterView>): StartView => ({
  clusters: [{ ...CLUSTER, ...more }],
  targets: [TARGET],
});

const MANY: StartView = {
  clusters: [
    { ...CLUSTER, color: "teal" },
    {
      ...CLUSTER,
      id: "c1",
      context: "arn:aws:eks:eu-central-1:123456789012:cluster/live",
      user: "arn:aws:sts::123456789012:assumed-role/Developer/alice",
      production: true,
      color: "red",
      ends: "in 52 s (14:51:03)",
      notice: "The kubeconfig has changed since the start; start kauth again to follow it.",
    },
    { ...CLUSTER, id: "c2", context: "lab", color: "purple", ...FAILED },
    { ...CLUSTER, id: "c3", context: "kind-home", user: undefined, signIn: "running", ends: undefined },
  ],
  targets: [
    { ...TARGET, sends: "nothing" },
    {
      ...TARGET,
      id: "t1",
      title: "svc/grafana in monitoring",
      health: "moving to another pod",
      tone: "waiting",
      sends: "your name and groups",
    },
    {
      ...TARGET,
      id: "t2",
      title: "svc/kubernetes-dashboard-kong-proxy in kubernetes-dashboard",
      cluster: "c1",
      readOnly: true,
    },
    {
      ...TARGET,
      id: "t3",
      title: "svc/kiali in istio-system",
      cluster: "c1",
      health: "not opened yet",
      tone: "idle",
      readOnly: true,
      sends: undefined,
    },
    {
      ...TARGET,
      id: "t4",
      title: "svc/ui in apps",
      cluster: "c2",
      health: "not reachable now",
      tone: "trouble",
      sends: "ServiceAccount apps/viewer",
    },
    {
      ...TARGET,
      id: "t5",
      title: "svc/prometheus in monitoring",
      cluster: "c3",
      health: "not opened yet",
      tone: "idle",
      sends: undefined,
    },
  ],
};

const NONCE = "bm9uY2U";
const start = (view: StartView): OwnPage => startPage(view, NONCE);

/** Every page of our own that a person can meet, by the name of its picture. */
export const OWN_PAGES: Readonly<Record<string, OwnPage>> = {
  starting: problem(undefined),
  restarting: problem("POD_GONE"),
  "no-ready-pod": problem("NO_READY_POD"),
  denied: problem("FORBIDDEN", { verb: "get", resource: "services", namespace: "headlamp" }),
  "sign-in": problem("EXEC_FAILED"),
  unreachable: problem("CONNECTION_REFUSED"),
  answered: problem("PORT_REFUSED"),
  start: start(one({})),
  "start-failed": start(one(FAILED)),
  "start-running": start(one({ signIn: "running", ends: undefined })),
  "start-production": start(one({ production: true, color: "red" })),
  "start-many": start(MANY),
  "start-nothing": start({ clusters: [], targets: [] }),
  go: goPage(TARGET.title, new Secret("#launch"), NONCE),
  stop: stopPage(MANY),
  stopped: stoppedPage,
  "signed-out": signedOutPage("svc/headlamp in headlamp"),
  continue: continuePage("svc/headlamp in headlamp", "/c/main/pods"),
  landing: landingPage,
  launch: launchPage("svc/headlamp in headlamp", "bm9uY2U"),
};

/** Serves each of them at `/NAME`. */
export async function serveOwnPages(): Promise<AsyncDisposable & { readonly origin: string }> {
  const server = createServer((request, response) => {
    const page = OWN_PAGES[(request.url ?? "").slice(1)];
    if (page === undefined) {
      response.writeHead(404);
      response.end();
      return;
    }
    response.writeHead(page.status, [...page.headers]);
    response.end(page.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
