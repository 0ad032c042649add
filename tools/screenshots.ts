import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OWN_PAGES, serveOwnPages } from "../test/browser/own-pages.ts";
import { choicePage } from "./choice.ts";
import { startChromium } from "../test/chromium.ts";
import { testDemo } from "../test/demo.ts";
import { startOpen } from "../test/program.ts";

/** Pictures of our own pages, of a list in a terminal and of a UI that is open, for the documentation, in both color schemes. Without motion, so that they are the same each time. */
const TO = join(dirname(import.meta.dirname), "docs", "images");
const SHOWN = [
  "starting",
  "restarting",
  "no-ready-pod",
  "denied",
  "sign-in",
  "unreachable",
  "answered",
  "start",
  "start-failed",
  "start-many",
  "signed-out",
];

await mkdir(TO, { recursive: true });
await using served = await serveOwnPages();
const choice = await choicePage();
await using demo = await testDemo();
await using browser = await startChromium();
for (const colorScheme of ["light", "dark"] as const) {
  const context = await browser.newContext({
    colorScheme,
    reducedMotion: "reduce",
    viewport: { width: 760, height: 480 },
  });
  const page = await context.newPage();
  for (const name of SHOWN) {
    if (OWN_PAGES[name] === undefined) throw new TypeError(`there is no page ${name}`);
    await page.goto(`${served.origin}/${name}`);
    await page.screenshot({ path: join(TO, `${name}-${colorScheme}.png`), fullPage: true });
  }
  await page.setContent(choice);
  await page.locator("body").screenshot({ path: join(TO, `choose-${colorScheme}.png`) });
  await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
  await page.goto(ui.link);
  await page.locator("#user", { hasText: demo.user }).waitFor();
  await page.screenshot({ path: join(TO, `opened-${colorScheme}.png`) });
  await context.close();
}
process.stdout.write(`${(SHOWN.length + 2) * 2} pictures in docs/images\n`);
