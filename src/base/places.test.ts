import { expect, test } from "vitest";
import { places } from "./places.ts";

const around = { platform: "linux" as NodeJS.Platform, home: "/home/a", temp: "/tmp", uid: 1 };

test("the XDG directories, with their defaults", () => {
  expect(places({ ...around, env: {} })).toEqual({
    config: "/home/a/.config/kauth",
    cache: "/home/a/.cache/kauth",
    state: "/home/a/.local/state/kauth",
    runtime: "/home/a/.local/state/kauth/run",
  });
  expect(places({ ...around, env: { XDG_STATE_HOME: "/s", XDG_RUNTIME_DIR: "/run/user/1" } })).toMatchObject({
    state: "/s/kauth",
    runtime: "/run/user/1/kauth",
  });
});

test("a relative XDG path is ignored", () => {
  expect(places({ ...around, env: { XDG_CACHE_HOME: "cache" } }).cache).toBe("/home/a/.cache/kauth");
});

test("without a home nothing can be kept, least of all below the working directory", () => {
  expect(Object.values(places({ ...around, home: "", env: {} }))).toSatisfy((paths: string[]) =>
    paths.every((path) => path.startsWith("/dev/null/")),
  );
});

test("KAUTH_HOME replaces all four", () => {
  expect(places({ ...around, env: { KAUTH_HOME: "/k", XDG_CONFIG_HOME: "/c" } })).toEqual({
    config: "/k",
    cache: "/k/cache",
    state: "/k/state",
    runtime: "/k/run",
  });
});

test("Windows keeps roaming and local apart", () => {
  const env = { APPDATA: "C:\\R", LOCALAPPDATA: "C:\\L" };
  const found = places({ ...around, platform: "win32", env });
  expect(found.config).toContain("C:\\R");
  expect(found.cache).toContain("C:\\L");
});
