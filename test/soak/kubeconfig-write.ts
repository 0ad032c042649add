import { killWriters } from "./kubeconfig-kill.ts";

/** `npm run soak:kubeconfig-write [ROUNDS]`: kills a writer of a kubeconfig 1,000 times. */
const rounds = Number(process.argv[2] ?? 1000);
const { duringWrite, drafts, reads } = await killWriters(rounds);
process.stdout.write(
  `${rounds} kills, ${duringWrite} of them during a write, ${drafts} with a draft left; ${reads} reads meanwhile: always whole, old or new\n`,
);
if (duringWrite < rounds / 10) throw new Error("too few kills fell into a write to say anything");
