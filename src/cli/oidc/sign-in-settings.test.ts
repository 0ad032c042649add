import { expect, test } from "vitest";
import { quietSystem } from "../../../test/api-server.ts";
import { failureOf } from "../../../test/failure.ts";
import { readSignInSettings } from "./sign-in-settings.ts";

const read = async (next: string | undefined, redirectUri: string | undefined): Promise<unknown> =>
  await readSignInSettings(
    {
      system: quietSystem(),
      options: {
        boolean: () => false,
        string: (name) => (name === "open-url-after-authentication" ? next : undefined),
        list: () => [],
        count: () => 0,
      },
    },
    { redirectUri, extra: new Map(), subject: undefined },
  );

test.each(["http://[", "https://a b", "javascript:alert(1)", "http:///x"])(
  "%s is no place to go",
  async (text) => {
    expect(await failureOf(read(text, undefined))).toMatchObject({ code: "USAGE" });
    expect(await failureOf(read(undefined, text))).toMatchObject({ code: "USAGE" });
  },
);
