import { createServer } from "node:http";
import { testDemo } from "../demo.ts";
import { follow } from "../http.ts";
import { open } from "../opened.ts";
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
  const ui = await open(["svc/ui", "--kubeconfig", demo.kubeconfig]);
  const { cookie } = await follow(ui.link);
  return {
    host: ui.origin.host,
    address: "127.0.0.1",
    port: ui.port,
    cookie,
    apiToken: ui.token,
    get seen(): readonly Passed[] {
      return seen;
    },
    [Symbol.asyncDispose]: async () => {
      await ui[Symbol.asyncDispose]();
      await demo[Symbol.asyncDispose]();
    },
  };
});
