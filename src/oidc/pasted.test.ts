import { describe, expect, test } from "vitest";
import { Secret } from "../base/secret.ts";
import type { Authorization } from "./authorization.ts";
import { readPasted } from "./pasted.ts";

const AUTHORIZATION: Authorization = {
  url: new URL("https://issuer.example.com/auth"),
  redirectUri: "http://localhost:8000",
  state: new Secret("the state"),
  nonce: "n",
  verifier: undefined,
};
const read = (text: string, issuerInAnswers = false): ReturnType<typeof readPasted> =>
  readPasted(text, AUTHORIZATION, { issuerInAnswers });

describe("what is pasted", () => {
  test.each([
    { name: "the address", text: "http://localhost:8000/?code=c&state=the+state" },
    { name: "with spaces around", text: "  http://localhost:8000/?code=c&state=the%20state \r\n" },
    { name: "the part behind the question mark", text: "?code=c&state=the+state" },
    { name: "a bare code", text: "c" },
  ])("$name", ({ text }) => {
    const found = read(text);
    expect("parameters" in found && found.parameters.get("code")).toBe("c");
    expect("parameters" in found && found.parameters.get("state")).toBe("the state");
  });

  test("an error that the provider sends belongs to this sign-in too", () => {
    const found = read("http://localhost:8000/?error=access_denied&state=the+state");
    expect("parameters" in found && found.parameters.get("error")).toBe("access_denied");
  });

  test.each([
    { name: "another state", text: "http://localhost:8000/?code=c&state=other" },
    { name: "no state", text: "http://localhost:8000/?code=c" },
    { name: "an error without a state", text: "http://localhost:8000/?error=access_denied" },
    { name: "two codes", text: "http://localhost:8000/?code=c&code=d&state=the+state" },
    { name: "another place", text: "https://attacker.example/?code=c&state=the+state" },
    { name: "another path", text: "http://localhost:8000/x?code=c&state=the+state" },
    { name: "no code", text: "http://localhost:8000/?state=the+state" },
    { name: "nothing", text: " " },
    { name: "words", text: "two words" },
  ])("$name is not redeemed", ({ text }) => expect(read(text)).toHaveProperty("fault"));

  test("a bare code will not do where the provider promises to name itself (RFC 9207)", () => {
    expect(read("c", true)).toHaveProperty("fault");
    expect(read("http://localhost:8000/?code=c&state=the+state", true)).toHaveProperty("parameters");
  });
});
