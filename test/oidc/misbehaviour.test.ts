import { describe, expect, test } from "vitest";
import { DISCOVERY, honest, metadata, type Bend } from "./bend.ts";
import { CALLBACK_ROWS } from "./misbehaviours/callback.ts";
import { DEVICE_ROWS } from "./misbehaviours/device.ts";
import { DISCOVERY_ROWS } from "./misbehaviours/discovery.ts";
import { ID_TOKEN_ROWS } from "./misbehaviours/id-token.ts";
import { PUSHED_ROWS } from "./misbehaviours/pushed.ts";
import { REFRESH_ROWS } from "./misbehaviours/refresh.ts";
import { TOKEN_ROWS } from "./misbehaviours/token.ts";
import { credentialOf, inScene, keepsSecrets, untilExpired, type Scene } from "./scene.ts";
import { OURS, type Ended } from "./target.ts";

const ROWS = [
  ...DISCOVERY_ROWS,
  ...PUSHED_ROWS,
  ...TOKEN_ROWS,
  ...ID_TOKEN_ROWS,
  ...CALLBACK_ROWS,
  ...DEVICE_ROWS,
];

/** Ended by itself, with exit 1 (the drop-in's), nothing on stdout, and the code where a person sees it. */
const refused = (ended: Ended, made: Scene, code: string | undefined): void => {
  expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null, stdout: "" });
  if (OURS && code !== undefined) expect(ended.stderr).toContain(code);
  if (OURS) expect(ended.stderr).toMatch(/\[[A-Z_]+\]\s*$/);
  keepsSecrets(ended, made.provider);
};

test("there are at least 40 misbehaviours, each with a name of its own", () => {
  const names = [...ROWS, ...REFRESH_ROWS].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(40);
});

/** What is waited for long is begun first, so that the file is not longer than that. */
const longestFirst = <T extends { readonly name: string }>(rows: readonly T[]): readonly T[] =>
  rows.toSorted((left, right) => Number(isLong(right)) - Number(isLong(left)));
const isLong = ({ name }: { readonly name: string }): boolean => /never answer|each 100 ms/.test(name);

/** Another program is not held to what its rows say that it does not do. */
const held = <T extends { readonly name: string; readonly kubelogin?: string }>(
  rows: readonly T[],
): readonly T[] => longestFirst(OURS ? rows : rows.filter(({ kubelogin }) => kubelogin === undefined));

describe.concurrent("a refresh that goes wrong", () => {
  test.each(held(REFRESH_ROWS).map((row) => [row.name, row.outcome, row] as const))(
    "%s: %s",
    async (_name, outcome, { bend, code }) => {
      await inScene({ life: 5 }, async (made) => {
        const first = credentialOf(await made.getToken(), made.provider);
        await untilExpired(first);
        made.provider.life = 3600;
        made.provider.bend = bend;
        const ended = await made.getToken("--authentication-timeout-sec=90");
        if (outcome === "failed") refused(ended, made, code);
        else expect(credentialOf(ended, made.provider).claims.sub).toBe("alice");
        expect(await made.opened()).toBe(outcome === "login" ? 2 : 1);
        expect(made.provider.count("/token", "refresh_token")).toBeGreaterThan(0);
        // Whatever it was, it leaves nobody locked out.
        made.provider.bend = honest;
        if (outcome === "failed" && code !== "OIDC_TOKEN_INVALID")
          expect(credentialOf(await made.getToken(), made.provider).claims.sub).toBe("alice");
      });
    },
  );

  test.runIf(OURS)("another person's token is refused and the entry is removed", async () => {
    await inScene({ life: 5 }, async (made) => {
      await untilExpired(credentialOf(await made.getToken(), made.provider));
      made.provider.life = 3600;
      made.provider.bend = REFRESH_ROWS.find(({ name }) => name === "another person's token")?.bend ?? honest;
      expect(await made.getToken()).toMatchObject({ code: 1, stdout: "" });
      made.provider.bend = honest;
      credentialOf(await made.getToken(), made.provider);
      expect(await made.opened()).toBe(2);
    });
  });
});

describe.concurrent("a provider that misbehaves", () => {
  test.each(held(ROWS).map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    const { browser = {}, https = false, par = false, authMethods: methods } = row;
    const bend: Bend = async (heard, bending) =>
      heard.path === DISCOVERY && methods !== undefined
        ? await metadata((fields) => ({ ...fields, token_endpoint_auth_methods_supported: methods }))(
            heard,
            bending,
          )
        : await row.bend(heard, bending);
    await inScene({ https, bend, browser, par }, async (made) => {
      const ended = await made.getToken(...(row.args ?? ["--authentication-timeout-sec=90"]));
      if (row.outcome === "served") credentialOf(ended, made.provider);
      else refused(ended, made, row.code);
      if (OURS && row.says !== undefined) expect(ended.stderr).toContain(row.says);
      const control = ended.stderr.split("").filter((each) => each < " " && !"\n\r\t".includes(each));
      expect(control, "control characters on the terminal").toEqual([]);
      for (const [path, count] of Object.entries(row.counts ?? {}))
        expect(made.provider.count(path), path).toBe(count);
      const opened = await made.opened();
      if (row.opened === undefined) expect(opened).toBeLessThanOrEqual(1);
      else expect(opened, "browsers opened").toBe(row.opened);
    });
  });
});
