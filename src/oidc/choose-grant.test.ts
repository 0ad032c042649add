import { describe, expect, test } from "vitest";
import { isKnownError } from "../base/errors.ts";
import { chooseGrant, type Machine } from "./choose-grant.ts";

const DESKTOP: Machine = {
  username: undefined,
  browserFault: undefined,
  skipBrowser: false,
  seen: true,
  answers: true,
  deviceOffered: true,
  loginCommand: "kauth oidc login --oidc-client-id x",
};
const SSH: Machine = { ...DESKTOP, browserFault: "this is an SSH session without a display" };

describe("how a person signs in where nothing was said", () => {
  test.each([
    { name: "a desktop", machine: DESKTOP, grant: "authcode" },
    {
      name: "a desktop under an IDE",
      machine: { ...DESKTOP, seen: false, answers: false },
      grant: "authcode",
    },
    { name: "SSH", machine: SSH, grant: "device-code" },
    { name: "SSH, without stdin", machine: { ...SSH, answers: false }, grant: "device-code" },
    { name: "SSH, no device flow", machine: { ...SSH, deviceOffered: false }, grant: "authcode-keyboard" },
    { name: "--skip-open-browser", machine: { ...SSH, skipBrowser: true, seen: false }, grant: "authcode" },
    { name: "--username", machine: { ...SSH, username: "u" }, grant: "password" },
  ])("$name: $grant", ({ machine, grant }) => expect(chooseGrant(machine)).toBe(grant));

  test.each([
    { name: "nobody sees anything", machine: { ...SSH, seen: false, answers: false } },
    { name: "stdin alone is there", machine: { ...SSH, seen: false } },
    { name: "no device flow and no stdin", machine: { ...SSH, deviceOffered: false, answers: false } },
  ])("$name: it ends at once, with the command to run", ({ machine }) => {
    let failure: unknown;
    try {
      chooseGrant(machine);
    } catch (error) {
      failure = error;
    }
    expect(isKnownError(failure, "OIDC_NOBODY_ASKED")).toBe(true);
    expect(failure).toMatchObject({ hint: expect.stringContaining(SSH.loginCommand) as string });
  });
});
