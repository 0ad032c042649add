import type { Page } from "playwright-core";
import type { Headlamp } from "../stand-ins/headlamp/headlamp.ts";
import { NAMESPACE } from "../stand-ins/headlamp/resources.ts";
import { eventually, expectFresh } from "../stand-ins/opened.ts";

/** What the page's list has to show. */
export const namesOf =
  (ui: Headlamp, kind: "pods" | "deployments"): (() => string[]) =>
  () =>
    ui.store.list(kind, NAMESPACE).map(({ metadata }) => metadata.name);

/** @param scale of the real page's times */
export const toDeployments = async (page: Page, ui: Headlamp, scale: number): Promise<void> => {
  await page.getByRole("link", { name: "Deployments" }).click();
  await expectFresh(page, namesOf(ui, "deployments"), scale);
  await eventually(() => ui.watches.size > 1, true);
};

export const openLog = async (page: Page): Promise<void> => {
  await page.locator("#open-log").click();
  await page.locator("#log", { hasText: "line 1" }).waitFor();
};

/** A log, a terminal and an edit, as amy. */
export const workWithPod = async (page: Page): Promise<void> => {
  await openLog(page);
  await page.locator("#open-exec").click();
  await page.locator("#terminal", { hasText: "v4.channel.k8s.io $ amy said hello" }).waitFor();
  await page.locator("#edit").click();
  await page.locator("#edited", { hasText: "200" }).waitFor();
};
