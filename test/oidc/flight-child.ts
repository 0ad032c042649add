import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { KnownError } from "../../src/base/errors.ts";
import { realSystem } from "../../src/base/system.ts";
import { millis } from "../../src/base/units.ts";
import { flyTogether } from "../../src/base/flight.ts";

/**
 * A process that takes part in the flight of a key, and does what it is told on standard input when it leads:
 * `value TEXT`, `fail TEXT`, `crash`. A value is kept in a file, which whoever leads looks at first. Says `lead`, `took over` or `wait`, and at its end `got TEXT` or `failed CODE TEXT`.
 */
const [key = "", kept = "", limit = "600000"] = process.argv.slice(2);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const stop = new AbortController();
process.on("SIGINT", () => stop.abort(new Error("called off")));
// What was under way says it in its own words.
process.on("SIGTERM", () => stop.abort(new KnownError("CONNECTION_LOST", "called off")));

const told = async (): Promise<string> => {
  for await (const part of process.stdin) return String(part).trim();
  return "crash";
};

try {
  const got = await flyTogether(
    {
      key,
      limit: millis(Number(limit)),
      signal: stop.signal,
      onWait: () => say("wait"),
      isOwn: (error) => error.code === "USAGE",
      render: (value: string) => value,
      parse: (text) => text,
    },
    async ({ tookOver }) => {
      if (existsSync(kept)) return readFileSync(kept, "utf8");
      say(tookOver ? "took over" : "lead");
      const stopped = new Promise<never>((_resolve, reject) =>
        stop.signal.addEventListener("abort", () => reject(stop.signal.reason as Error)),
      );
      const [verb, ...words] = (await Promise.race([told(), stopped])).split(" ");
      if (verb === "value") {
        writeFileSync(kept, words.join(" "));
        return words.join(" ");
      }
      if (verb === "fail") throw new KnownError("OIDC_LOGIN_REFUSED", words.join(" "));
      if (verb === "own") throw new KnownError("USAGE", words.join(" "));
      throw new Error("crashed");
    },
    realSystem(),
  );
  say(`got ${got}`);
} catch (error) {
  say(error instanceof KnownError ? `failed ${error.code} ${error.message}` : `threw ${String(error)}`);
}
process.exit();
