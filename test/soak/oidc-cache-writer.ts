import { Secret } from "../../src/base/secret.ts";
import { realSystem } from "../../src/base/system.ts";
import { epochMillis } from "../../src/base/units.ts";
import { openCache } from "../../src/oidc/cache.ts";
import { sealed } from "../../src/oidc/envelope.ts";

/** Writes generation after generation of an entry until it is killed; says each before it begins. */
const [directory = "", key = "", first = "0", how = "plain"] = process.argv.slice(2);
const system = realSystem();
const cache = await openCache(
  directory,
  system,
  ...(how === "sealed" ? [sealed(Buffer.alloc(32, 7), system)] : []),
);
for (let generation = Number(first); ; generation++) {
  process.stdout.write(`${generation}\n`);
  const token = (name: string): Secret => new Secret(`${name}-${`${generation}.`.repeat(800)}`);
  const kept = await cache?.write(key, {
    idToken: token("i"),
    accessToken: token("a"),
    refreshToken: token("r"),
    expiresAt: epochMillis(generation),
  });
  if (kept !== true) throw new Error("an entry was not kept");
}
