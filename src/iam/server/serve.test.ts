import { Agent, request } from "node:https";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { quietSystem } from "../../../test/api-server.ts";
import { epochMillis } from "../../base/units.ts";
import { selfSigned } from "../../base/x509.ts";
import { serveTls, type Limits, type Serving } from "./serve.ts";

const serve = async (limits: Limits): Promise<Serving> =>
  await serveTls(
    { address: "127.0.0.1", port: 0 },
    selfSigned({
      commonName: "localhost",
      names: ["localhost"],
      notBefore: epochMillis(Date.now() - 60_000),
      notAfter: epochMillis(Date.now() + 60_000),
      use: "server",
    }),
    (_request, response) => response.end("ok"),
    quietSystem(),
    limits,
  );

test("whoever connects and never begins TLS takes nobody's place", async () => {
  const serving = await serve({ headTime: 200 });
  const socket = connect(serving.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("close", resolve));
  await serving.stop();
  expect(socket.destroyed).toBe(true);
});

test("connections that are kept and do nothing make room for new ones", async () => {
  const serving = await serve({ connections: 4 });
  const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, rejectUnauthorized: false }));
  const statuses: (number | undefined)[] = [];
  for (const agent of agents)
    statuses.push(
      await new Promise<number | undefined>((resolve, reject) => {
        request({ host: "127.0.0.1", port: serving.port, agent }, (response) => {
          response.resume().once("end", () => resolve(response.statusCode));
        })
          .on("error", reject)
          .end();
      }),
    );
  for (const agent of agents) agent.destroy();
  await serving.stop();
  expect(statuses).toEqual(agents.map(() => 200));
});
