import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { claimsOf } from "./bend.ts";
import type { Scene } from "./scene.ts";

/** Puts a token that is over in the place of the one that is kept. The refresh token stays. */
export const expire = async (made: Scene, directory = made.cache): Promise<void> => {
  for (const name of await readdir(directory)) {
    if (!name.endsWith(".json")) continue;
    const path = join(directory, name);
    const entry = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    const now = Math.floor(Date.now() / 1000);
    const claims = { ...claimsOf(String(entry["id_token"])), iat: now - 7200, exp: now - 3600 };
    await writeFile(path, JSON.stringify({ ...entry, id_token: await made.provider.sign(claims) }), {
      mode: 0o600,
    });
  }
};
