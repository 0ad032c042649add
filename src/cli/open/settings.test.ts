import { describe, expect, test } from "vitest";
import { optionsFor, recorded } from "../../../test/recorded.ts";
import { openCommand } from "../commands/open.ts";
import { openSettings } from "./settings.ts";

const OTHERWISE = "Name a target, e.g. kauth open svc/headlamp -n headlamp";

test.each([
  { words: ["svc/ui", "8080:80"], hint: /: kauth open svc\/ui:80 --address 127\.0\.0\.1:8080$/ },
  { words: ["svc/ui", "8080:http"], hint: /: kauth open svc\/ui:http --address 127\.0\.0\.1:8080$/ },
  { words: ["svc/ui", ":80"], hint: /: kauth open svc\/ui:80 --address 127\.0\.0\.1:0$/ },
  { words: ["pod/web-0", "8080"], hint: /: kauth open pod\/web-0:8080 --address 127\.0\.0\.1:8080$/ },
  { words: ["svc/ui:80", "8080"], hint: OTHERWISE },
  { words: ["svc/ui", ""], hint: OTHERWISE },
  { words: ["svc/ui", "1:2", "3:4"], hint: OTHERWISE },
])("ports as kubectl port-forward takes them are told as kauth does: $words", async ({ words, hint }) => {
  await using under = await recorded();
  const settings = openSettings({
    system: under.system(),
    options: optionsFor(openCommand),
    positionals: words,
    program: "kauth",
    signal: new AbortController().signal,
    configFault: undefined,
  });
  await expect(settings).rejects.toMatchObject({
    code: "USAGE",
    hint: expect.stringMatching(hint) as string,
  });
});

const settingsOf = async (...words: readonly string[]): ReturnType<typeof openSettings> => {
  await using under = await recorded();
  return await openSettings({
    system: under.system(),
    options: optionsFor(openCommand, ...words.filter((word) => word.startsWith("-"))),
    positionals: words.filter((word) => !word.startsWith("-")),
    program: "kauth",
    signal: new AbortController().signal,
    configFault: undefined,
  });
};

test("several targets are opened at once", async () => {
  expect((await settingsOf("svc/ui", "svc/web@other")).targets).toEqual(["svc/ui", "svc/web@other"]);
});

test("at an address there is one origin, so one target", async () => {
  await expect(settingsOf("svc/ui", "svc/web", "--origin=ip")).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("2 targets with --origin ip") as string,
  });
});

describe("--header", () => {
  test("is taken as it is written, several times", async () => {
    const { headers } = await settingsOf(
      "--header=X-Forwarded-User: {{username}}",
      "svc/ui",
      "--header=X-Forwarded-Group:{{groups}}",
    );
    expect(headers).toEqual([
      { name: "X-Forwarded-User", value: "{{username}}" },
      { name: "X-Forwarded-Group", value: "{{groups}}" },
    ]);
  });

  test.each<[readonly string[], RegExp]>([
    [["--header=Authorization: x"], /"Authorization": kauth, HTTP or the API server decides it/],
    [["--header=X-A: 1", "--header=x-a: 2"], /it is given twice/],
    [["--header=X-A: {{user}}"], /is none of/],
    [["--header=X-A: 1", "--anonymous"], /--anonymous and --header/],
  ])("%j is refused, exit 2", async (words, says) => {
    await expect(settingsOf("svc/ui", ...words)).rejects.toMatchObject({
      code: "USAGE",
      exit: 2,
      message: expect.stringMatching(says) as string,
    });
  });
});
