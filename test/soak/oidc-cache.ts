import { killCacheWriters } from "./oidc-cache-kill.ts";

/** `npm run soak:oidc-cache [ROUNDS]`: kills a writer of the token cache 1,000 times. */
const rounds = Number(process.argv[2] ?? 1000);
const { drafts, old, reads } = await killCacheWriters(rounds);
process.stdout.write(
  `${rounds} kills, ${drafts} of them with a draft left, after ${old} the entry before is there; ${reads} reads meanwhile: always whole, old or new\n`,
);
if (drafts < rounds / 20) throw new Error("too few kills fell into a write to say anything");
