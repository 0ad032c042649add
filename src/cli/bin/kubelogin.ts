#!/usr/bin/env node
import { asksForToken, keepCompiledCode } from "../code-cache.ts";

keepCompiledCode();
// Loaded after that, so that it is kept.
const done = asksForToken() && (await (await import("../oidc/quick.ts")).answered("kubelogin"));
if (!done) {
  const { main } = await import("../main.ts");
  await main("kubelogin");
}
