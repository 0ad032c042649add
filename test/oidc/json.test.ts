import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { unlike } from "../../tools/json-document.ts";
import { OIDC_DOCUMENTS } from "../../tools/json-oidc.ts";
import { PERSON } from "./certified.ts";
import { kauthOidc, sameEntry, sameProvider } from "./own-commands.ts";
import { inScene, type Scene } from "./scene.ts";

/** docs/json.md says what `kauth oidc` really writes. */

const expectDocumented = async (made: Scene, command: string, ...words: readonly string[]): Promise<void> => {
  const scopes = "--oidc-extra-scope=offline_access,email";
  const args = {
    list: [`--token-cache-dir=${made.cache}`],
    setup: sameProvider(made, scopes),
  }[command];
  const ended = await kauthOidc(made, command, ...(args ?? sameEntry(made, scopes)), ...words, "-o", "json");
  const printed: unknown = JSON.parse(ended.stdout || "null");
  expect(printed, ended.stderr).toBeTypeOf("object");
  const of = OIDC_DOCUMENTS[`oidc ${command}`];
  expect(of === undefined ? [command] : unlike(of, printed), `${command}: ${ended.stdout}`).toEqual([]);
};

test("docs/json.md says what login, whoami, list, doctor, setup and logout write", async () => {
  await inScene({}, async (made) => {
    await expectDocumented(made, "login");
    await expectDocumented(made, "whoami");
    await expectDocumented(made, "list");
    await expectDocumented(made, "doctor");
    await expectDocumented(made, "setup", "--skip-login");
    const kubeconfig = join(made.home, "config");
    await expectDocumented(made, "setup", "--write", `--kubeconfig=${kubeconfig}`);
    await expectDocumented(made, "logout");
  });
});

test("docs/json.md says what import writes", async () => {
  await inScene({}, async (made) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: made.provider.issuer,
      aud: "kubernetes",
      sub: PERSON,
      iat: now - 90,
      exp: now - 60,
    };
    const [token, refresh] = [
      await made.provider.sign(claims),
      await made.provider.refreshToken(PERSON),
    ] as const;
    const kubelogins = JSON.stringify({ id_token: token, refresh_token: refresh });
    await writeFile(join(made.cache, "1".repeat(64)), kubelogins, { mode: 0o600 });
    await expectDocumented(made, "import");
    await expectDocumented(made, "import");
  });
});
