import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDemo } from "../demo.ts";
import { findFirefox } from "../find-program.ts";
import { startFirefox, type Firefox } from "../firefox.ts";
import { startOpen } from "../program.ts";
import { putObject } from "../stand-ins/headlamp/resources.ts";
import { headlampStage } from "../stand-ins/headlamp/stage.ts";

const path = await findFirefox();

if (path === undefined)
  test("no Firefox is here, and nothing is tried in it", () => {
    process.stdout.write("Firefox is not installed: kauth's pages were tried in Chromium only\n");
  });
else
  describe("in Firefox", () => {
    let firefox: Firefox;
    beforeAll(async () => {
      firefox = await startFirefox(path);
    });
    afterAll(async () => {
      await firefox[Symbol.asyncDispose]();
    });

    test("the link signs in once, with WebSocket and events, and scripts see no cookie", async () => {
      await using demo = await testDemo();
      await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig]);
      const page = await firefox.person();
      await page.goto(ui.link);
      await page.says("#user", demo.user);
      await page.says("#ws", `open, as ${demo.user}`);
      await page.says("#sse", "arrived");
      expect(await page.value("location.href")).toBe(ui.origin.href);
      expect(await page.value("document.cookie")).toBe("");
      await page.reload();
      await page.says("#user", demo.user);
      const other = await firefox.person();
      await other.goto(ui.link);
      await other.says("body", "This link has been used or is too old");
      await other.goto(ui.origin.href);
      await other.says("h1", "igned");
      expect(await other.value("document.querySelector('#user') === null")).toBe(true);
    });

    test("the gate alone keeps another site's page out", async () => {
      await using demo = await testDemo();
      // With sessions, that their cookie stays at home would be enough.
      await using ui = await startOpen(["svc/ui", "--kubeconfig", demo.kubeconfig, "--no-session"]);
      const page = await firefox.person();
      await page.goto(ui.origin.href);
      await page.says("#user", demo.user);
      await page.goto("data:text/html,<h1>another site</h1>");
      const before = demo.app.requests.length;
      for (const how of ['mode: "cors"', 'mode: "no-cors"', 'mode: "no-cors", method: "POST"']) {
        const url = JSON.stringify(`${ui.origin.href}api/me`);
        const asked = `fetch(${url}, {credentials: "include", ${how}}).then((answer) => answer.text(), () => "")`;
        expect(await page.value(asked)).toBe("");
        expect(demo.app.requests, how).toHaveLength(before);
      }
    });

    test("Headlamp over the direct leg lists, follows, edits, and opens a log and a terminal", async () => {
      await using staged = await headlampStage();
      const open = await staged.open();
      const page = await firefox.person();
      await page.goto(open.link);
      await page.says("#user", "amy");
      await page.click('a[href="/c/main/deployments"]');
      await page.says("#rows", "first");
      putObject(staged.ui.store, "deployments", "second");
      await page.says("#rows", "second");
      await page.click("#open-log");
      await page.says("#log", "line 1");
      await page.click("#open-exec");
      await page.says("#terminal", "v4.channel.k8s.io $ amy said hello");
      await page.click("#edit");
      await page.says("#edited", "200");
      expect(await page.value("app.broken + app.doubled")).toBe(0);
      expect(staged.ui.seen.filter(({ authorizations }) => authorizations > 0)).toEqual([]);
      expect(
        staged.api.asked.every(({ user, authorizations }) => user === "amy" && authorizations === 1),
      ).toBe(true);
    });
  });
