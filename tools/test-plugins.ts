import { spawnSync } from "node:child_process";
import { installPlugins } from "./plugins.ts";

/** `npm run test:plugins`: gets real credential plugins where they can be had, then tries kauth with them. */
const start = performance.now();
const [aws, authenticator] = await installPlugins(process.env);
const env: NodeJS.ProcessEnv = { ...process.env };
for (const [variable, tool] of [
  ["KAUTH_TEST_AWS", aws],
  ["KAUTH_TEST_AWS_IAM_AUTHENTICATOR", authenticator],
] as const) {
  if (tool === undefined) continue;
  if ("path" in tool.found) env[variable] = tool.found.path;
  else process.stdout.write(`${tool.name} is left out: ${tool.found.missing}\n`);
}
process.stdout.write(`Plugins were there after ${Math.round((performance.now() - start) / 1000)} s\n`);
const { status } = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--project", "plugins", ...process.argv.slice(2)],
  { stdio: "inherit", env },
);
process.exit(status ?? 1);
