import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OWN_PAGES } from "./browser/own-pages.ts";
import { ROOT } from "./house/source.ts";

const page = readFileSync(join(ROOT, "docs", "pages.md"), "utf8");
/** Without those of a terminal and of a UI, which are no pages of ours. */
const pictures = readdirSync(join(ROOT, "docs", "images")).filter(
  (name) => !/^(?:choose|opened)-/.test(name),
);

describe("docs/pages.md", () => {
  test("shows every picture, and only those that are there", () => {
    const shown = [...page.matchAll(/images\/([\w-]+\.png)/g)].map(([, name = ""]) => name);
    expect(shown.toSorted()).toEqual(pictures.toSorted());
  });

  test.each(["starting", "restarting", "no-ready-pod", "denied", "sign-in", "unreachable", "answered"])(
    "calls the page %s by its own title, above its picture",
    (name) => {
      const [, title = ""] = /<h1>([^<]+)<\/h1>/.exec(OWN_PAGES[name]?.body ?? "") ?? [];
      const section = page.split("\n## ").find((text) => text.startsWith(`${title}\n`));
      expect(section).toContain(`images/${name}-light.png`);
      expect(section).toContain(`images/${name}-dark.png`);
      expect(section).toContain("What to do: ");
    },
  );
});
