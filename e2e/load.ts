import { createHash } from "node:crypto";
import { Agent, request } from "node:http";

export interface Tally {
  readonly sent: number;
  readonly answered: number;
  /** An answer whose body is not what was asked for. */
  readonly wrong: number;
  readonly lost: number;
  /** Between two answers, in milliseconds. */
  readonly longestGap: number;
  /** How requests were lost, with their number. */
  readonly losses: ReadonlyMap<string, number>;
}

export interface LoadTo {
  readonly port: number;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
}

const SIZE = 512;

/** What `/bytes?n=N` gives: byte i is `(i ^ i>>8) & 255`. */
const digestOf = (size: number): string => {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at ^ (at >> 8)) & 255;
  return createHash("sha256").update(bytes).digest("hex");
};

/** Requests at a rate until the work is done and the number is reached; each on whatever connection is free. */
export async function load(
  to: LoadTo,
  options: { readonly rate: number; readonly least: number; readonly until: Promise<unknown> },
): Promise<Tally> {
  const agent = new Agent({ keepAlive: true });
  const wanted = new Map<number, string>();
  const losses = new Map<string, number>();
  let [sent, answered, wrong, lost] = [0, 0, 0, 0];
  let last = performance.now();
  let longestGap = 0;
  let over = false;
  void options.until.finally(() => (over = true)).catch(() => undefined);
  const one = async (turn: number): Promise<void> => {
    const size = SIZE + (turn % 97);
    const digest = wanted.get(size) ?? digestOf(size);
    wanted.set(size, digest);
    const lose = (why: string): void => {
      lost += 1;
      losses.set(why, (losses.get(why) ?? 0) + 1);
    };
    await new Promise<void>((resolve) => {
      const asked = request(
        {
          host: "127.0.0.1",
          port: to.port,
          agent,
          path: `/bytes?n=${size}&turn=${turn}`,
          headers: { host: to.host, ...to.headers },
          timeout: 60_000,
        },
        (response) => {
          const hash = createHash("sha256");
          response.on("data", (part: Buffer) => hash.update(part));
          response.once("error", (error) => {
            lose(error.message);
            resolve();
          });
          response.once("end", () => {
            if (response.statusCode !== 200) lose(`status ${response.statusCode}`);
            else if (hash.digest("hex") === digest) {
              answered += 1;
              const now = performance.now();
              longestGap = Math.max(longestGap, now - last);
              last = now;
            } else wrong += 1;
            resolve();
          });
        },
      );
      asked.once("timeout", () => asked.destroy(new Error("no answer within 60 s")));
      asked.once("error", (error) => {
        lose(error.message);
        resolve();
      });
      asked.end();
    });
  };
  const running: Promise<void>[] = [];
  const started = performance.now();
  last = started;
  while (!over || sent < options.least) {
    running.push(one(sent));
    sent += 1;
    const next = started + (sent * 1000) / options.rate;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
  await Promise.all(running);
  agent.destroy();
  return { sent, answered, wrong, lost, longestGap, losses };
}

/** One download with its digest checked: whole and right, or an error; never short with a clean end. */
export async function download(to: LoadTo, size: number): Promise<"whole" | "cut"> {
  return await new Promise((resolve, reject) => {
    const asked = request(
      {
        host: "127.0.0.1",
        port: to.port,
        agent: false,
        path: `/bytes?n=${size}`,
        headers: { host: to.host, ...to.headers },
      },
      (response) => {
        const hash = createHash("sha256");
        response.on("data", (part: Buffer) => hash.update(part));
        response.once("error", () => resolve("cut"));
        response.once("end", () => {
          if (response.statusCode !== 200) resolve("cut");
          else if (hash.digest("hex") === digestOf(size)) resolve("whole");
          else reject(new Error("a download ended in order, and is not what was asked for"));
        });
      },
    );
    asked.once("error", () => resolve("cut"));
    asked.end();
  });
}

export const tallyText = (name: string, { sent, answered, wrong, lost, longestGap, losses }: Tally): string =>
  `| ${name} | ${sent} | ${answered} | ${wrong} | ${lost} | ${(longestGap / 1000).toFixed(2)} s | ${[...losses].map(([why, count]) => `${count} × ${why}`).join("; ")} |`;
