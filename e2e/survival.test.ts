import { beforeAll, expect, test } from "vitest";
import { FAULTS } from "./disturb.ts";
import { open } from "../test/opened.ts";
import { openKit, type Kit } from "./kit.ts";
import { download, load, tallyText } from "./load.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await openKit();
});

/** What a person with the UI open sees of a fault: nothing but a pause. */
test.each(Object.keys(FAULTS))("C.1: while %s no read is lost", async (name) => {
  await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", kit.kubeconfig("alice-token")]);
  const to = { port: ui.port, host: ui.origin.host, headers: { "x-kauth-token": ui.token } };
  const pods = new Set<string>();
  let current: string | undefined;
  const fault = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await FAULTS[name]?.(kit, () => current);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  };
  let over = false;
  const until = fault().finally(() => (over = true));
  const asking = (async () => {
    while (!over) {
      const { podName } = (await ui.json("/api/me").catch(() => ({}))) as { readonly podName?: string };
      current = podName;
      if (podName !== undefined) pods.add(podName);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  const downloads: string[] = [];
  const downloading = (async () => {
    while (!over) downloads.push(await download(to, 16 * 1024 * 1024));
  })();
  const most = name.startsWith("pods") ? 1_000 : 300;
  const tally = await load(to, { rate: 50, least: most, until });
  await Promise.all([until, asking, downloading]);
  process.stdout.write(
    `${tallyText(`kauth, ${name}`, tally)} downloads ${downloads.filter((how) => how === "whole").length} whole, ${downloads.filter((how) => how === "cut").length} cut; pods ${pods.size}\n`,
  );
  expect({ wrong: tally.wrong, lost: tally.lost, losses: [...tally.losses] }, ui.stderr()).toEqual({
    wrong: 0,
    lost: 0,
    losses: [],
  });
  expect(tally.answered).toBe(tally.sent);
  if (name.startsWith("pods")) expect(pods.size).toBeGreaterThanOrEqual(3);
  expect(ui.child.exitCode).toBeNull();
});
