import type { Browser, Page } from "playwright-core";
import { fewAccounts } from "./accounts.ts";
import { serveDirectly, type Direct } from "./direct.ts";
import type { Answers } from "./pods.ts";
import type { Accounts } from "./seen.ts";

/** A stand-in, and a page of it without kauth between them. */
export interface Alone<Of> extends AsyncDisposable {
  readonly ui: Of;
  readonly direct: Direct;
  readonly page: Page;
  readonly accounts: ReturnType<typeof fewAccounts>;
}

/** @param authorization what the page's requests carry */
export const alone = async <Of extends Answers>(
  browser: Browser,
  make: (accounts: Accounts) => Of,
  authorization: string,
): Promise<Alone<Of>> => {
  const accounts = fewAccounts({ amys: "amy", bens: "ben" });
  const ui = make(accounts);
  const direct = await serveDirectly(ui, authorization);
  const context = await browser.newContext();
  const page = await context.newPage();
  return {
    ui,
    direct,
    page,
    accounts,
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await direct[Symbol.asyncDispose]();
    },
  };
};
