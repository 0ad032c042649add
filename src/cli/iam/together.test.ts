import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { fakeSts, readToken } from "../../../test/aws/services.ts";
import { environment, newHome, PROGRAM } from "../../../test/program.ts";

const MANY = 8;

test("many processes that want the same ask STS once", async () => {
  await using sts = await fakeSts({ AKIAENV: { secret: "e" } });
  await using home = await newHome();
  const [file = "", ...first] = PROGRAM;
  const role = "arn:aws:iam::111122223333:role/Dev";
  const one = async (): Promise<string> => {
    const child = spawn(file, [...first, "iam", "token", "-i", "c", "-r", role, "--token-only"], {
      env: environment(home.path, {
        AWS_ACCESS_KEY_ID: "AKIAENV",
        AWS_SECRET_ACCESS_KEY: "e",
        AWS_REGION: "eu-west-1",
        AWS_ENDPOINT_URL_STS: sts.url,
      }),
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (part: Buffer) => (out += part.toString()));
    await once(child, "close");
    return out.trim();
  };
  const tokens = await Promise.all(Array.from({ length: MANY }, one));
  for (const token of tokens) expect(readToken(token).keyId).toBe("ASIAROLE");
  expect(sts.asked).toHaveLength(1);
});
