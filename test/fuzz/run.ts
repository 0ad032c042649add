import { TARGETS } from "./targets.ts";

/** `npm run fuzz [-- RUNS [TARGET]]`: 100,000 hostile inputs for each reader. */
const [count = "100000", only] = process.argv.slice(2);
const runs = Number(count);
for (const [name, fuzz] of Object.entries(TARGETS)) {
  if (only !== undefined && only !== name) continue;
  const start = performance.now();
  await fuzz({ runs });
  const seconds = Math.round((performance.now() - start) / 1000);
  const memory = Math.round(process.memoryUsage().rss / 1e6);
  process.stdout.write(`${name}: ${runs} inputs in ${seconds} s, ${memory} MB\n`);
}
