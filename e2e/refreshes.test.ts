import { beforeAll, expect, test } from "vitest";
import { open } from "../test/opened.ts";
import { openKit, type Kit } from "./kit.ts";
import { load, tallyText } from "./load.ts";
import { startShortTokens } from "./short-tokens.ts";

let kit: Kit;
beforeAll(async () => {
  kit = await openKit();
});

const REFRESHES = 120;
const LIFE = 2_000;
const PERSON = "short-lived";

interface Me {
  readonly user: string;
  readonly uid: string;
  readonly authorizationHeaderCount: number;
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Each token is refused after its end, by a real API server; whoever uses the UI notices nothing of that. */
test(
  `C.3: no request is lost over ${REFRESHES} refreshes of 2-second tokens`,
  async () => {
    await using tokens = await startShortTokens(kit, PERSON, LIFE);
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", tokens.kubeconfig]);
    const started = performance.now();
    const serials = new Set<number>();
    const wrong: string[] = [];
    let asked = 0;
    const asking = (async () => {
      let last = 0;
      while (serials.size <= REFRESHES && performance.now() - started < 3 * REFRESHES * LIFE) {
        asked += 1;
        const answer = await ui.fetch({ path: "/api/me" }).catch((error: Error) => error);
        if (answer instanceof Error || answer.status !== 200) {
          wrong.push(answer instanceof Error ? answer.message : `${answer.status} ${answer.text}`);
        } else {
          const me = JSON.parse(answer.text) as Me;
          const serial = Number(me.extra[tokens.extra]?.[0]);
          serials.add(serial);
          // Never the same person by an older token, and never more than one token at a time.
          if (
            serial < last ||
            me.user !== PERSON ||
            me.uid !== `uid-of-${PERSON}` ||
            me.authorizationHeaderCount !== 1
          )
            wrong.push(`after token ${last}: ${answer.text}`);
          last = Math.max(last, serial);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const to = { port: ui.port, host: ui.origin.host, headers: { "x-kauth-token": ui.token } };
    const tally = await load(to, { rate: 20, least: 1, until: asking });
    await asking;
    const seconds = (performance.now() - started) / 1_000;
    const runs = await tokens.runs();
    const { accepted, over } = tokens.asked();
    process.stdout.write(
      `${tallyText("kauth, 2-second tokens", tally)} ${seconds.toFixed(0)} s; plugin runs ${runs}, tokens that the API server accepted ${accepted}, and refused ${over}; /api/me ${asked} times by ${serials.size} tokens, wrong ${wrong.length}\n`,
    );
    expect(wrong, ui.stderr()).toEqual([]);
    expect({ wrong: tally.wrong, lost: tally.lost, losses: [...tally.losses] }, ui.stderr()).toEqual({
      wrong: 0,
      lost: 0,
      losses: [],
    });
    expect(serials.size).toBeGreaterThan(REFRESHES);
    expect(accepted).toBeGreaterThanOrEqual(serials.size);
    // One run for each token's life, and no more than one forced in between now and then.
    expect(runs).toBeLessThanOrEqual(Math.ceil((seconds * 1_000) / (LIFE / 2)));
    expect(ui.child.exitCode).toBeNull();
    expect(await ui.stop()).toBe(0);
  },
  3 * REFRESHES * LIFE + 60_000,
);
