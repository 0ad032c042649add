import { expect, test } from "vitest";
import { PERSON } from "../oidc/certified.ts";
import { authorization, credentialOf, inScene } from "../oidc/scene.ts";
import { fileChromium } from "./file-chromium.ts";

const browser = fileChromium();

test("a person signs in at a certified provider's form, and the plugin gets the token", async () => {
  await inScene({}, async (made) => {
    using running = made.start(made.args("--skip-open-browser"));
    await running.says(/Please visit the following URL in your browser: \S+\n/);
    const url = /in your browser: (\S+)/.exec(running.stderr())?.[1] ?? "";
    const page = await (await browser().newContext()).newPage();
    await page.goto(url);
    await page.getByPlaceholder("Enter any login").fill(PERSON);
    await page.getByPlaceholder("and password").fill("any");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "Authenticated" }).waitFor();
    const { claims } = credentialOf(await running.ended, made.provider);
    expect(claims).toMatchObject({ sub: PERSON, nonce: authorization(made.provider).get("nonce") });
    // Neither the address bar nor a page that is opened from there learns the code (security.md R-J4).
    const code = made.provider.heard.find(({ path }) => path === "/token")?.form.get("code");
    expect(code).toBeTruthy();
    expect(page.url()).not.toContain(code);
  });
});
