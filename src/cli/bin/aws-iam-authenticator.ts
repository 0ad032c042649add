#!/usr/bin/env node
import { keepCompiledCode } from "../code-cache.ts";

keepCompiledCode();
// Loaded after that, so that it is kept.
const done = await (await import("../iam/quick.ts")).answered("aws-iam-authenticator");
if (!done) {
  const { main } = await import("../main.ts");
  await main("aws-iam-authenticator");
}
