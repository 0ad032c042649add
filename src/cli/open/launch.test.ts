import { expect, test } from "vitest";
import { siteAt } from "../../../test/proxy/fake-site.ts";
import { recorded } from "../../../test/recorded.ts";
import { Secret } from "../../base/secret.ts";
import { millis } from "../../base/units.ts";
import { launch } from "./launch.ts";
import { reportTo } from "./report.ts";

test.each([
  { name: "a link that was asked for", openBrowser: false, terminal: true, said: true },
  { name: "a browser that cannot be started", openBrowser: true, terminal: true, said: true },
  { name: "nobody at a terminal", openBrowser: false, terminal: false, said: false },
])("what Enter and Ctrl-C do is said after the link: $name", async ({ openBrowser, terminal, said }) => {
  await using under = await recorded({ BROWSER: "false", PATH: process.env["PATH"] ?? "" });
  const system = { ...under.system(), stdinIsTerminal: terminal };
  const over = new AbortController();
  await launch({
    system,
    settings: { openBrowser },
    report: reportTo(system, { output: "text", printLink: false }),
    server: {
      newLaunch: () => ({ url: new Secret("http://ui.localhost:1/#t"), life: millis(600_000) }),
      onEvent: () => () => undefined,
    },
    site: siteAt("ui.localhost"),
    first: siteAt("ui.localhost"),
    signal: over.signal,
    onEnter: () => false,
    onFile: () => undefined,
  });
  over.abort();
  expect(under.err).toContain("  http://ui.localhost:1/#t");
  expect(under.err.at(-1) === "Press Enter for a new link, Ctrl-C to stop").toBe(said);
});
