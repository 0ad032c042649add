import { persistAuthProvider } from "../../src/kubeconfig/index.ts";
import { realSystem } from "../../src/base/system.ts";

/** Writes generation after generation into a kubeconfig until it is killed; says each before it begins. */
const [path = "", first = "0"] = process.argv.slice(2);
for (let generation = Number(first); ; generation++) {
  // Not the first, which has to load the parser.
  if (generation > Number(first)) process.stdout.write(`${generation}\n`);
  const value = String(generation);
  const config = new Map(Array.from({ length: 40 }, (_, index) => [`key-${index}`, value.repeat(20)]));
  await persistAuthProvider({ path, user: "u" }, config, realSystem());
}
