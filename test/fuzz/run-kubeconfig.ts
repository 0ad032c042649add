import { fuzzLoader, fuzzMerge } from "./kubeconfig.ts";

/** `npm run fuzz:kubeconfig [RUNS]`: 100,000 spoiled kubeconfigs through the loader, and as many lists to merge. */
const runs = Number(process.argv[2] ?? 100_000);
for (const [name, fuzz] of Object.entries({ loader: fuzzLoader, merger: fuzzMerge })) {
  const start = performance.now();
  await fuzz(runs);
  const memory = Math.round(process.memoryUsage().rss / 1e6);
  process.stdout.write(
    `${name}: ${runs} inputs in ${Math.round((performance.now() - start) / 1000)} s, ${memory} MB\n`,
  );
}
