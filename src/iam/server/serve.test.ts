import { connect } from "node:net";
import { expect, test } from "vitest";
import { quietSystem } from "../../../test/api-server.ts";
import { epochMillis } from "../../base/units.ts";
import { selfSigned } from "../../base/x509.ts";
import { serveTls } from "./serve.ts";

test("whoever connects and never begins TLS takes nobody's place", async () => {
  const certificate = selfSigned({
    commonName: "localhost",
    names: ["localhost"],
    notBefore: epochMillis(Date.now() - 60_000),
    notAfter: epochMillis(Date.now() + 60_000),
    use: "server",
  });
  const serving = await serveTls(
    { address: "127.0.0.1", port: 0 },
    certificate,
    () => undefined,
    quietSystem(),
    { headTime: 200 },
  );
  const socket = connect(serving.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("close", resolve));
  await serving.stop();
  expect(socket.destroyed).toBe(true);
});
