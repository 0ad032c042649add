#!/usr/bin/env node
import { asksForIamToken, asksForToken, keepCompiledCode } from "../code-cache.ts";

keepCompiledCode();
// Loaded after that, so that it is kept.
const done = asksForIamToken()
  ? await (await import("../iam/quick.ts")).answered("kauth")
  : asksForToken() && (await (await import("../oidc/quick.ts")).answered("kauth"));
if (!done) {
  const { main } = await import("../main.ts");
  await main("kauth");
}
