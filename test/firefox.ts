import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import { WebSocket } from "ws";

/**
 * Debian's Firefox by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), as far as the tests need it: Playwright
 * drives a Firefox of its own only.
 */
export interface Firefox extends AsyncDisposable {
  /** A tab in a profile of its own. */
  person(): Promise<Tab>;
}

export interface Tab {
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Value of an expression in the page: a text, a number or nothing. */
  value(expression: string): Promise<unknown>;
  /** Resolves when the element that the selector finds has that text in it. */
  says(selector: string, text: string): Promise<void>;
  click(selector: string): Promise<void>;
}

/** It asks nobody for updates, studies and lists. */
const PREFERENCES = {
  "app.update.enabled": false,
  "app.normandy.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,nothing",
  "toolkit.telemetry.server": "data:,nothing",
};

const LISTENING = /WebDriver BiDi listening on (ws:\S+)/;

export async function startFirefox(path: string): Promise<Firefox> {
  const profile = await mkdtemp(join(tmpdir(), "kauth-firefox-"));
  const lines = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  await writeFile(join(profile, "user.js"), lines.join(""));
  const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
  const child = spawn(path, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], HOME: profile },
  });
  const ended = once(child, "close");
  let address: string | undefined;
  for await (const line of createInterface({ input: child.stderr })) {
    address = LISTENING.exec(line)?.[1];
    if (address !== undefined) break;
  }
  child.stderr.resume();
  if (address === undefined) throw new Error(`${path} ended before it could be driven`);
  const send = await openSession(`${address}/session`);
  return {
    person: async () => {
      const { userContext } = (await send("browser.createUserContext")) as { readonly userContext: string };
      const made = await send("browsingContext.create", { type: "tab", userContext });
      return tabOf(send, (made as { readonly context: string }).context);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
      await rm(profile, { recursive: true, force: true });
    },
  };
}

type Send = (method: string, params?: Readonly<Record<string, unknown>>) => Promise<unknown>;

interface Answer {
  readonly id?: number;
  readonly type: string;
  readonly message?: string;
  readonly result?: unknown;
}

const openSession = async (address: string): Promise<Send> => {
  const socket = new WebSocket(address);
  const waiting = new Map<number, (answer: Answer) => void>();
  let asked = 0;
  socket.on("message", (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });
  await once(socket, "open");
  const send: Send = async (method, params = {}) =>
    await new Promise((resolve, reject) => {
      const id = (asked += 1);
      waiting.set(id, ({ type, message, result }) => {
        waiting.delete(id);
        if (type === "error") reject(new Error(`${method}: ${message ?? ""}`));
        else resolve(result);
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  await send("session.new", { capabilities: {} });
  return send;
};

const tabOf = (send: Send, context: string): Tab => {
  const value = async (expression: string): Promise<unknown> => {
    const { type, result } = (await send("script.evaluate", {
      expression,
      target: { context },
      awaitPromise: true,
    })) as { readonly type: string; readonly result?: { readonly value?: unknown } };
    if (type !== "success") throw new Error(`the page throws at ${expression}`);
    return result?.value;
  };
  const textOf = (selector: string): string =>
    `document.querySelector(${JSON.stringify(selector)})?.textContent ?? ""`;
  return {
    value,
    goto: async (url) => void (await send("browsingContext.navigate", { context, url, wait: "complete" })),
    reload: async () => void (await send("browsingContext.reload", { context, wait: "complete" })),
    // A page that is just leaving has nothing to say.
    says: async (selector, text) =>
      await expect
        .poll(async () => await value(textOf(selector)).catch(() => ""), { timeout: 60_000, interval: 100 })
        .toContain(text),
    click: async (selector) =>
      void (await value(`document.querySelector(${JSON.stringify(selector)}).click()`)),
  };
};
