import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { testDemo } from "../demo.ts";
import { follow } from "../http.ts";
import { newHome, startOpen } from "../program.ts";
import { describeCorpus, type Passed } from "../proxy/corpus.ts";

describeCorpus("the corpus on the whole program", async () => {
  const seen: { complete: boolean; body: Buffer }[] = [];
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    const one = { complete: false, body: Buffer.alloc(0) };
    seen.push(one);
    request.on("data", (part: Buffer) => (one.body = Buffer.concat([one.body, part])));
    request.on("end", () => {
      one.complete = true;
      response.end("seen\n");
    });
  });
  const demo = await testDemo({
    pods: {
      connect: (_pod, _port, stream) => {
        server.emit("connection", stream);
        return true;
      },
    },
  });
  const home = await newHome();
  const tokenFile = join(home.path, "api-token");
  const ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig, "--api-token-file", tokenFile], {
    home: home.path,
  });
  const { cookie } = await follow(ui.link);
  return {
    host: ui.origin.host,
    address: "127.0.0.1",
    port: Number(ui.origin.port),
    cookie,
    apiToken: (await readFile(tokenFile, "utf8")).trim(),
    get seen(): readonly Passed[] {
      return seen;
    },
    [Symbol.asyncDispose]: async () => {
      await ui[Symbol.asyncDispose]();
      await demo[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
});
