import { createServer } from "node:http";
import type { ErrorCode, MissingRight } from "../../src/base/errors.ts";
import { KnownError } from "../../src/base/errors.ts";
import { problemOf } from "../../src/proxy/forward/outage.ts";
import type { OwnPage } from "../../src/proxy/pages/document.ts";
import { continuePage, landingPage, signedOutPage } from "../../src/proxy/pages/fixed.ts";
import { launchPage } from "../../src/proxy/pages/launch.ts";
import { problemPage } from "../../src/proxy/pages/problem.ts";
import { startPage, type StartView } from "../../src/proxy/pages/start.ts";
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

const view = (more: Partial<StartView>): OwnPage =>
  startPage(
    {
      user: "alice@example.com",
      signIn: "well",
      reason: undefined,
      ends: "in 14 min (15:04:05)",
      targets: [
        {
          title: "svc/headlamp in headlamp",
          url: "http://headlamp-0123456789abcdef0123.localhost:18000/",
          health: "connected",
        },
      ],
      ...more,
    },
    "bm9uY2U",
  );

/** Every page of our own that a person can meet, by the name of its picture. */
export const OWN_PAGES: Readonly<Record<string, OwnPage>> = {
  starting: problem(undefined),
  restarting: problem("POD_GONE"),
  "no-ready-pod": problem("NO_READY_POD"),
  denied: problem("FORBIDDEN", { verb: "get", resource: "services", namespace: "headlamp" }),
  "sign-in": problem("EXEC_FAILED"),
  unreachable: problem("CONNECTION_REFUSED"),
  answered: problem("PORT_REFUSED"),
  start: view({}),
  "start-failed": view({
    signIn: "failed",
    ends: undefined,
    reason: "The credential plugin failed. Run it by hand to see why.",
  }),
  "start-running": view({ signIn: "running", ends: undefined }),
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
