import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Pumped {
  /** Reviews that were answered. */
  readonly answered: number;
  readonly perSecond: number;
}

/** Every answer is looked into: a server that refuses all would be fast. */
const SCRIPT = (bodies: string, wanted: string): string => `
local requests, at = {}, 0
function init()
  for body in io.lines(${JSON.stringify(bodies)}) do
    requests[#requests + 1] = wrk.format("POST", "/authenticate", { ["Content-Type"] = "application/json" }, body)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
wrong = 0
function response(status, headers, body)
  if not string.find(body, ${JSON.stringify(wanted)}, 1, true) then wrong = wrong + 1 end
end
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done()
  local all = 0
  for _, thread in ipairs(threads) do all = all + thread:get("wrong") end
  print("wrong answers: " .. all)
end
`;

/**
 * TokenReviews from `wrk`, one body after another, for so many seconds. What sends them must be fast: on two cores, one
 * that is written in JavaScript would be what is measured.
 *
 * @param reviews one line each
 * @param wanted in every answer
 */
export async function pumpReviews(
  port: number,
  reviews: readonly string[],
  { connections, seconds, wanted, directory }: PumpOptions,
): Promise<Pumped> {
  const [bodies, script] = [join(directory, "reviews"), join(directory, "reviews.lua")];
  await writeFile(bodies, `${reviews.join("\n")}\n`);
  await writeFile(script, SCRIPT(bodies, wanted));
  const child = spawn(
    "wrk",
    ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, `https://127.0.0.1:${port}`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(child, "close");
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  const wrong = number(/wrong answers: (\d+)/);
  if (wrong !== 0 || /Socket errors|Non-2xx/.test(text)) throw new Error(`not all were let in:\n${text}`);
  return { answered: number(/(\d+) requests in/), perSecond: number(/Requests\/sec:\s+([\d.]+)/) };
}

export interface PumpOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly wanted: string;
  /** For what `wrk` reads. */
  readonly directory: string;
}
