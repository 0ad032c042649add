import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { json, plainServer, quietSystem } from "../../../test/api-server.ts";
import { isKnownError } from "../../base/errors.ts";
import { containerKeys, containerPlace, type ContainerPlace } from "./container.ts";

const FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const ANSWER = {
  AccessKeyId: "ASIA",
  SecretAccessKey: "very-secret",
  Token: "session",
  Expiration: "2026-01-02T03:04:05Z",
};

const placeOf = (env: Readonly<Record<string, string>>): ContainerPlace => {
  const place = containerPlace(env);
  if (place === undefined) throw new Error("it says nothing");
  return place;
};

describe("where a container's keys are", () => {
  test.each([
    [{ [RELATIVE]: "/v2/credentials/x?y=z" }, "http://169.254.170.2/v2/credentials/x?y=z"],
    [{ [FULL]: "http://169.254.170.23/v1/credentials" }, "http://169.254.170.23/v1/credentials"],
    [{ [FULL]: "http://[fd00:ec2::23]/v1" }, "http://[fd00:ec2::23]/v1"],
    [{ [FULL]: "http://[FD00:0EC2:0::23]/v1" }, "http://[fd00:ec2::23]/v1"],
    [{ [FULL]: "http://localhost:1/x" }, "http://localhost:1/x"],
    [{ [FULL]: "http://127.8.9.1/x" }, "http://127.8.9.1/x"],
    [{ [FULL]: "https://anybody.example/x" }, "https://anybody.example/x"],
    [{ [FULL]: "http://[::1]/x", [RELATIVE]: "/y" }, "http://[::1]/x"],
  ])("%o", (env, url) => {
    expect(placeOf(env).url.href).toBe(url);
  });

  test("nowhere", () => {
    expect(containerPlace({ [TOKEN]: "t", [FULL]: "" })).toBeUndefined();
  });

  test.each([
    { [FULL]: "http://192.0.2.1/x" },
    { [FULL]: "http://127.0.0.1.evil.example/x" },
    { [FULL]: "http://localhost.evil.example/x" },
    { [FULL]: "http://169.254.170.2.evil.example/x" },
    { [FULL]: "http://169.254.169.254/x" },
    { [FULL]: "http://127.0.0.1@evil.example/x" },
    { [FULL]: "https://me:pw@evil.example/x" },
    { [FULL]: "file:///etc/passwd" },
    { [FULL]: "nothing" },
    { [RELATIVE]: ".evil.example/x" },
    { [RELATIVE]: "@evil.example/x" },
    { [RELATIVE]: ":80@evil.example/" },
  ])("not at %o", (env) => {
    expect(() => containerPlace(env)).toThrow(
      expect.toSatisfy((error) => isKnownError(error, "AWS_CONTAINER")),
    );
  });
});

describe("a container's keys", () => {
  test("are not asked for through a proxy, whose machine is another", async () => {
    await using proxy = await plainServer((_request, response) => json(response, 200, ANSWER));
    const system = quietSystem({ https_proxy: proxy.url, HTTPS_PROXY: proxy.url });
    const place = placeOf({ [FULL]: "https://agent.invalid/x" });
    await expect(containerKeys(place, system)).rejects.toMatchObject({ code: "DNS_FAILED" });
    expect(proxy.accepted).toBe(0);
  });

  test("with the token of the environment", async () => {
    const seen: unknown[] = [];
    await using served = await plainServer((request, response) => {
      seen.push([request.url, request.headers.authorization, request.headers.accept]);
      json(response, 200, ANSWER);
    });
    const place = placeOf({ [FULL]: `${served.url}/a?b`, [TOKEN]: "t" });
    const found = await containerKeys(place, quietSystem());
    expect(seen).toEqual([["/a?b", "t", "application/json"]]);
    expect(found.keys.accessKeyId).toBe("ASIA");
    expect(found.keys.secretAccessKey.reveal()).toBe("very-secret");
    expect(found.keys.sessionToken?.reveal()).toBe("session");
    expect(found.expiresAt).toBe(Date.parse(ANSWER.Expiration));
  });

  test("with the token of a file, which wins", async () => {
    const directory = await mkdtemp(join(tmpdir(), "kauth-container-"));
    try {
      const path = join(directory, "token");
      await writeFile(path, "from-file\n");
      let seen: string | undefined;
      await using served = await plainServer((request, response) => {
        seen = request.headers.authorization;
        json(response, 200, ANSWER);
      });
      const env = { [FULL]: served.url, [TOKEN]: "t", AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path };
      await containerKeys(placeOf(env), quietSystem());
      expect(seen).toBe("from-file");
      const gone = { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(directory, "none") };
      await expect(containerKeys(placeOf(gone), quietSystem())).rejects.toMatchObject({
        code: "AWS_CONTAINER",
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("a token that would be two headers is not sent", async () => {
    const place = placeOf({ [FULL]: "http://127.0.0.1:1", [TOKEN]: "t\r\nx: y" });
    await expect(containerKeys(place, quietSystem())).rejects.toMatchObject({ code: "AWS_CONTAINER" });
  });

  test.each([
    ["no", 403, ANSWER],
    ["a way elsewhere", 302, ANSWER],
    ["half of them", 200, { ...ANSWER, Token: undefined }],
    ["no time", 200, { ...ANSWER, Expiration: "soon" }],
    ["no JSON", 200, "very-secret"],
  ])("%s", async (_name, status, answer) => {
    await using served = await plainServer((_request, response) => {
      if (typeof answer === "string") response.end(answer);
      else json(response, status, answer);
    });
    const failure = containerKeys(placeOf({ [FULL]: served.url }), quietSystem());
    await expect(failure).rejects.toMatchObject({
      code: "AWS_CONTAINER",
      message: expect.not.stringContaining("very-secret") as string,
    });
  });
});
