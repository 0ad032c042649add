import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:tls";
import fc from "fast-check";
import { expect, test } from "vitest";
import { epochMillis } from "./units.ts";
import { createAuthority, der, objectId } from "./x509.ts";

const life = { notBefore: epochMillis(Date.now() - 60_000), notAfter: epochMillis(Date.now() + 3_600_000) };

test("a leaf verifies against its authority and says what it was asked to", () => {
  const authority = createAuthority({ commonName: "demo authority", ...life });
  const issued = authority.issue({
    commonName: "alice",
    organizations: ["devs", "größe"],
    names: ["localhost", "127.0.0.1", "::1"],
    use: "server",
    ...life,
  });
  const root = new X509Certificate(authority.cert);
  const leaf = new X509Certificate(issued.cert);
  expect(root.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.checkHost("localhost")).toBe("localhost");
  expect(leaf.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(leaf.checkIP("::1")).toBe("::1");
  expect(leaf.subject.split("\n")).toEqual(["O=devs", "O=größe", "CN=alice"]);
  expect(leaf.validToDate.getTime()).toBe(Math.floor(life.notAfter / 1000) * 1000);
});

test("TLS takes the chain, both ways", async () => {
  const authority = createAuthority({ commonName: "demo authority", ...life });
  const server = authority.issue({ commonName: "server", names: ["127.0.0.1"], use: "server", ...life });
  const client = authority.issue({ commonName: "alice", organizations: ["devs"], use: "client", ...life });
  const listener = createServer({
    ...server,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const socket = connect({ host: "127.0.0.1", port, ca: authority.cert, ...client });
  await once(socket, "secureConnect");
  expect(socket.authorized).toBe(true);
  socket.destroy();
  listener.close();
});

test.each([
  { name: "two small arcs", dotted: "2.5.4.3", hex: "0603550403" },
  { name: "an arc of several bytes", dotted: "1.2.840.10045.4.3.2", hex: "06082a8648ce3d040302" },
])("an object identifier: $name", ({ dotted, hex }) => {
  expect(objectId(dotted).toString("hex")).toBe(hex);
});

test("a length is as short as it can be and tells the content's size", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 70_000 }), (size) => {
      const bytes = der(0x04, Buffer.alloc(size));
      const first = bytes[1] ?? 0;
      const header = first < 0x80 ? 2 : 2 + (first & 0x7f);
      expect(bytes.length - header).toBe(size);
      expect(first < 0x80).toBe(size < 0x80);
      if (first >= 0x80) expect(bytes[2]).not.toBe(0);
    }),
    { numRuns: 200 },
  );
});
