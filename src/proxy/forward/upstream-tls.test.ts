import { duplexPair, type Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import {
  dataPlane,
  FINE,
  GET,
  settle,
  stillSystem,
  type DataPlane,
  SOON,
} from "../../../test/proxy/data-plane.ts";
import { siteAt } from "../../../test/proxy/fake-site.ts";
import { epochMillis } from "../../base/units.ts";
import { createAuthority, selfSigned, type Authority, type IssuedCertificate } from "../../base/x509.ts";
import type { Site } from "../types.ts";
import { upstreamTls } from "./upstream-tls.ts";

const NAME = "ui.apps.svc";
const life = { notBefore: epochMillis(Date.now() - 60_000), notAfter: epochMillis(Date.now() + 3_600_000) };

let authority: Authority;
let first: IssuedCertificate;
let second: IssuedCertificate;

beforeAll(() => {
  authority = createAuthority({ commonName: "of the cluster", ...life });
  const wishes = { commonName: NAME, names: [NAME], use: "server" as const, ...life };
  first = selfSigned(wishes);
  second = selfSigned(wishes);
});

interface TlsPod {
  readonly near: Duplex;
  readonly far: Duplex;
  readonly socket: TLSSocket;
}

/** A pod that speaks TLS, in memory. */
const tlsPod = (certificate: IssuedCertificate, most: "TLSv1.3" | "TLSv1.1" = "TLSv1.3"): TlsPod => {
  const [near, far] = duplexPair();
  const old = most === "TLSv1.3" ? {} : { minVersion: "TLSv1" as const, ciphers: "DEFAULT@SECLEVEL=0" };
  const socket = new TLSSocket(far, {
    isServer: true,
    ...certificate,
    maxVersion: most,
    ALPNProtocols: ["h2", "http/1.1"],
    ...old,
  });
  socket.on("error", () => undefined);
  far.on("error", () => undefined);
  return { near, far, socket };
};

type Secure = (certificate: IssuedCertificate, peer?: string) => Promise<Duplex>;

const secureFor = (site: Partial<Site>, system = stillSystem().system): Secure => {
  const secure = upstreamTls(siteAt("ui.localhost", { scheme: "https", authority: NAME, ...site }), system);
  return async (certificate, peer = "container-1/0") =>
    await secure({ stream: tlsPod(certificate).near, peer });
};

const refused = (code: string): object => expect.objectContaining({ code });

describe("R-F8: without a CA", () => {
  test("any certificate is taken, and bytes go both ways", async () => {
    const secure = upstreamTls(
      siteAt("ui.localhost", { scheme: "https", authority: `${NAME}:8443` }),
      stillSystem().system,
    );
    const pod = tlsPod(first);
    pod.socket.on("data", (part: Buffer) => pod.socket.write(`echo ${part.toString()}`));
    const socket = await secure({ stream: pod.near, peer: "a" });
    let heard = "";
    socket.on("data", (part: Buffer) => (heard += part.toString()));
    socket.write("hello");
    await expect.poll(() => heard, SOON).toBe("echo hello");
    expect(pod.socket.alpnProtocol).toBe("http/1.1");
    expect((pod.socket as TLSSocket & { servername: unknown }).servername).toBe(NAME);
    socket.destroy();
  });

  test("another one of the same container start is refused", async () => {
    const secure = secureFor({});
    await secure(first);
    await expect(secure(second)).rejects.toEqual(refused("UPSTREAM_CERTIFICATE"));
    await secure(first);
  });

  test("R-N15: a new start may have a new one: taken, with a warning, and pinned in its turn", async () => {
    const still = stillSystem();
    const secure = secureFor({}, still.system);
    await secure(first, "container-1/0");
    expect(still.log).toEqual([]);
    await secure(second, "container-1/1");
    expect(still.log.join("")).toContain("new certificate");
    await expect(secure(first, "container-1/1")).rejects.toEqual(refused("UPSTREAM_CERTIFICATE"));
    await expect(secure(second, "container-1/0")).rejects.toEqual(refused("UPSTREAM_CERTIFICATE"));
  });

  test("a new start with the old certificate is no news", async () => {
    const still = stillSystem();
    const secure = secureFor({}, still.system);
    for (const peer of ["container-1/0", "container-1/1", "container-2/0"]) await secure(first, peer);
    expect(still.log).toEqual([]);
  });

  test("the pins of 64 starts are kept", async () => {
    const secure = secureFor({});
    for (let start = 0; start < 64; start += 1) await secure(first, `start-${start}`);
    await expect(secure(second, "start-0")).rejects.toEqual(refused("UPSTREAM_CERTIFICATE"));
    await secure(first, "start-64");
    await secure(second, "start-0");
  });
});

describe("R-F8: with --upstream-ca the chain is verified", () => {
  const leaf = (name: string): IssuedCertificate =>
    authority.issue({ commonName: name, names: [name], use: "server", ...life });

  test("its own is taken, a renewed one too", async () => {
    const secure = secureFor({ upstreamCa: authority.cert });
    await secure(leaf(NAME));
    await secure(leaf(NAME));
  });

  test.each([
    ["one of nobody", () => first],
    ["one for another name", () => leaf("other.apps.svc")],
    [
      "one of another authority",
      () =>
        createAuthority({ commonName: "of the cluster", ...life }).issue({
          commonName: NAME,
          names: [NAME],
          use: "server",
          ...life,
        }),
    ],
    [
      "one that is over",
      () =>
        authority.issue({
          commonName: NAME,
          names: [NAME],
          use: "server",
          ...life,
          notAfter: epochMillis(Date.now() - 1_000),
        }),
    ],
  ])("%s is refused", async (_name, certificate) => {
    await expect(secureFor({ upstreamCa: authority.cert })(certificate())).rejects.toEqual(
      refused("UPSTREAM_TLS"),
    );
  });
});

test("what is wrong with a certificate is said in our words, without Node's advice about Node", async () => {
  await expect(secureFor({ upstreamCa: authority.cert })(first)).rejects.toThrow(
    /^Cannot trust the UI: its certificate was not issued by one of --upstream-ca \([A-Z_]+\)$/,
  );
});

describe("what is no TLS", () => {
  const handshake = async (
    act: (far: Duplex) => void,
    { system } = stillSystem(),
  ): Promise<{ near: Duplex; work: Promise<Duplex> }> => {
    const [near, far] = duplexPair();
    far.on("error", () => undefined);
    far.resume();
    const secure = upstreamTls(siteAt("ui.localhost", { scheme: "https", authority: NAME }), system);
    const work = secure({ stream: near, peer: "a" });
    await Promise.resolve();
    act(far);
    return { near, work };
  };

  test.each([
    ["plain HTTP", (far: Duplex) => void far.write("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["an end", (far: Duplex) => void far.end()],
    ["a failure", (far: Duplex) => void far.destroy(new Error("gone"))],
  ])("%s is an error, and the stream is let go", async (_name, act) => {
    const { near, work } = await handshake(act);
    await expect(work).rejects.toEqual(refused("UPSTREAM_TLS"));
    await expect(work).rejects.toThrow("Cannot speak TLS with the UI");
    expect(near.destroyed).toBe(true);
  });

  test("silence is an error after 10 s", async () => {
    const still = stillSystem();
    const { near, work } = await handshake(() => undefined, still);
    const over = work.then(
      () => "open",
      (error: unknown) => error,
    );
    still.advance(9_999);
    await settle();
    expect(near.destroyed).toBe(false);
    still.advance(1);
    expect(await over).toEqual(refused("UPSTREAM_TLS"));
    expect(near.destroyed).toBe(true);
  });

  test("the 10 s end with the handshake", async () => {
    const still = stillSystem();
    const socket = await secureFor({}, still.system)(first);
    still.advance(10_000);
    await settle();
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });

  test("TLS 1.1 is too old", async () => {
    const secure = upstreamTls(
      siteAt("ui.localhost", { scheme: "https", authority: NAME }),
      stillSystem().system,
    );
    await expect(secure({ stream: tlsPod(first, "TLSv1.1").near, peer: "a" })).rejects.toEqual(
      refused("UPSTREAM_TLS"),
    );
  });
});

describe("in the data plane", () => {
  /** Pods of one container start, with these certificates one after the other. */
  const planeOver = (
    certificates: readonly IssuedCertificate[],
    answer: (pod: TlsPod) => void,
  ): DataPlane & { readonly pods: readonly TlsPod[] } => {
    const pods: TlsPod[] = [];
    const plane = dataPlane({
      site: {
        scheme: "https",
        upstream: {
          authorize: () => Promise.resolve([["Authorization", "Bearer ours"]]),
          dial: () => {
            const pod = tlsPod(certificates[pods.length] ?? first);
            pods.push(pod);
            pod.socket.on("data", () => answer(pod));
            return Promise.resolve({ stream: pod.near, peer: "container-1/0" });
          },
        },
      },
    });
    return Object.assign(plane, { pods });
  };

  test("a certificate that changes in the same start is a 502, and no token goes there", async () => {
    let asked = 0;
    await using plane = planeOver([first, second], (pod) => {
      asked += 1;
      pod.socket.write(FINE.replace("OK\r\n", "OK\r\nConnection: close\r\n"));
    });
    const client = plane.open();
    client.send(GET);
    await expect.poll(() => client.statuses, SOON).toEqual([200]);
    const again = plane.open();
    again.send(GET);
    await expect.poll(() => again.statuses, SOON).toEqual([502]);
    expect(asked).toBe(1);
  });

  test("R-F7: a stream that fails below TLS cuts the answer", async () => {
    await using plane = planeOver([first], (pod) => {
      pod.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    });
    const client = plane.open();
    client.send(GET);
    await expect.poll(() => client.text, SOON).toContain("hello");
    plane.pods[0]?.near.destroy(new Error("tunnel lost"));
    await expect.poll(() => client.ended, SOON).toBe(true);
    await settle();
    expect(plane.forwarder.active).toBe(0);
  });
});
