import { describe, expect, test } from "vitest";
import { Secret } from "../../base/secret.ts";
import type { Credential } from "../../credentials/index.ts";
import { headlampCookie } from "./direct-cookie.ts";

const bearer = (token: string): Credential => ({
  header: { kind: "bearer", token: new Secret(token) },
  certificate: undefined,
  expiresAt: undefined,
});

describe("D.2: the cookie that some of Headlamp's functions want", () => {
  test.each([
    [10, [10]],
    [3_800, [3_800]],
    [3_801, [3_800, 1]],
    [8_000, [3_800, 3_800, 400]],
  ])("a token of %i characters", (length, chunks) => {
    const [[name, value] = ["", ""]] = headlampCookie(bearer("t".repeat(length)), "main");
    expect(name).toBe("Cookie");
    expect(value).toBe(
      chunks.map((size, index) => `headlamp-auth-main.${index}=${"t".repeat(size)}`).join("; "),
    );
  });

  test("its name has what a cookie's may have", () => {
    const [[, value] = ["", ""]] = headlampCookie(bearer("t"), `arn:aws/x y_z-1.${"n".repeat(60)}`);
    expect(value).toBe(`headlamp-auth-${`arnawsxy_z-1${"n".repeat(60)}`.slice(0, 50)}.0=t`);
  });

  test.each(["a;b", "a b", 'a"b', "a,b"])("no other cookie can stand in it: %j", (token) =>
    expect(() => headlampCookie(bearer(token), "main")).toThrow(
      expect.objectContaining({ code: "TOKEN_INVALID" }),
    ),
  );

  test("there is none without a token", () => {
    const basic: Credential = {
      ...bearer(""),
      header: { kind: "basic", username: "u", password: new Secret("p") },
    };
    expect(() => headlampCookie(basic, "main")).toThrow(expect.objectContaining({ code: "NO_BEARER_TOKEN" }));
  });
});
