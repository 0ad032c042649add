import { expect, test } from "vitest";
import { recorded } from "../../../test/recorded.ts";
import { run } from "../run.ts";

test.each([
  { line: "", says: "cluster ID cannot be empty" },
  { line: "-i c --partition aws-us-govt", says: "invalid partition" },
  // R-N13.
  { line: "-i c --verdict-cache 11s", says: "must be a duration of 10s at most" },
  { line: "-i c --verdict-cache soon", says: "must be a duration of 10s at most" },
  { line: "-i c --sts-qps many", says: '--sts-qps="many" must be a whole number' },
  { line: "-i c --backend-mode ModeFoo", says: 'backend-mode "ModeFoo" is not a valid mode' },
  { line: "-i c --backend-mode MountedFile,MountedFile", says: "has duplicates" },
  { line: "-i c --backend-mode DynamicFile", says: "server.dynamicfilepath is not set" },
  { line: "-i c --tls-cert-file a", says: "--tls-cert-file and --tls-key-file go together" },
  { line: "-i c --tls-cert-file /none/a --tls-key-file /none/b", says: "it is not there" },
  { line: "-c /none/iam.yaml", says: `Can't read configuration file "/none/iam.yaml"` },
])("kauth iam server $line: does not start, and says why", async ({ line, says }) => {
  await using under = await recorded();
  const status = await run({
    args: ["iam", "server", ...line.split(" ").filter((word) => word !== "")],
    program: "kauth",
    signal: new AbortController().signal,
    system: under.system,
  });
  expect(status).toBe(2);
  expect(under.err.join("\n")).toContain(says);
});
