import { describeCorpus } from "../../test/proxy/corpus.ts";
import { serveFake } from "../../test/proxy/fake-site.ts";

describeCorpus("the corpus", async () => {
  const served = await serveFake();
  return {
    host: `${served.site.host}:${served.port}`,
    address: "127.0.0.1",
    port: served.port,
    cookie: await served.signIn(),
    apiToken: served.proxy.apiToken.reveal(),
    get seen() {
      return served.recorder.seen;
    },
    [Symbol.asyncDispose]: async () => {
      await served[Symbol.asyncDispose]();
    },
  };
});
