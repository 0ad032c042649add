import { expect, test } from "vitest";
import { clientConfig } from "../../../test/api-server.ts";
import { recorded } from "../../../test/recorded.ts";
import { parseTarget } from "../../route/index.ts";
import { openFront, type FrontRequest } from "./front.ts";

test("R-D1: no two targets share an origin, also where two contexts say the same", async () => {
  await using under = await recorded();
  const target = (contextName: string, text: string): FrontRequest["targets"][number] => ({
    config: { ...clientConfig("https://127.0.0.1:1"), contextName },
    reference: parseTarget(text),
    server: "https://127.0.0.1:1",
  });
  const front = await openFront({
    system: under.system(),
    settings: { origin: "name", addresses: ["127.0.0.1:0"] },
    targets: [target("blue", "svc/ui"), target("teal", "svc/ui"), target("blue", "svc/other")],
  });
  await using _ = front.listener;
  expect(new Set([...front.hosts, front.startHost]).size).toBe(4);
});
