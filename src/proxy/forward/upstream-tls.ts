import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { KnownError, messageOf, systemCode } from "../../base/errors.ts";
import { networkFault } from "../../base/network-fault.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { startTimer } from "../timer.ts";
import type { Dialled, Site } from "../types.ts";

/** Two round trips over a slow VPN take one second. */
const HANDSHAKE_LIMIT = millis(10_000);
/** Container starts whose certificate is remembered; older ones do not come back. */
const PINS = 64;
/** What messages call the other end and its authority. */
const UI = { server: "the UI", trust: "one of --upstream-ca" };

/** Certificates are judged as everywhere; whatever else ends a handshake is most often a port that speaks no TLS. */
const reasonOf = (error: unknown): string => {
  const fault = networkFault(error, UI);
  return fault.code.startsWith("TLS_")
    ? fault.message
    : `Cannot speak TLS with the UI: ${systemCode(error) ?? messageOf(error)}`;
};

/**
 * TLS to a UI over a stream. With a CA the chain is verified; without one the certificate is accepted, since the API
 * server vouches for the pod, and pinned for that container start (security.md R-F8, R-N15).
 */
export function upstreamTls(site: Site, system: System): (dialled: Dialled) => Promise<Duplex> {
  const pins = new Map<string, string>();
  const name = site.authority.replace(/:\d+$/, "");
  const check = (peer: string, socket: TLSSocket): void => {
    if (site.upstreamCa !== undefined) return;
    const leaf = createHash("sha256").update(socket.getPeerCertificate().raw).digest("hex");
    const pinned = pins.get(peer);
    if (pinned === undefined) {
      if (pins.size > 0 && ![...pins.values()].includes(leaf))
        system.log.warn("The UI shows a new certificate, as it may after a new start of its container");
      const [oldest] = pins.keys();
      if (pins.size >= PINS && oldest !== undefined) pins.delete(oldest);
      pins.set(peer, leaf);
    } else if (pinned !== leaf)
      throw new KnownError(
        "UPSTREAM_CERTIFICATE",
        "The UI shows another certificate than before, although its container is the same",
      );
  };
  return async ({ stream, peer }) =>
    await new Promise<Duplex>((resolve, reject) => {
      const socket = connect({
        socket: stream,
        servername: name,
        rejectUnauthorized: site.upstreamCa !== undefined,
        ...(site.upstreamCa === undefined ? {} : { ca: site.upstreamCa }),
        minVersion: "TLSv1.2",
        ALPNProtocols: ["http/1.1"],
      });
      const fail = (error: unknown): void => {
        stopTimer();
        socket.destroy();
        stream.destroy();
        reject(
          error instanceof KnownError
            ? error
            : new KnownError("UPSTREAM_TLS", reasonOf(error), { cause: error }),
        );
      };
      const stopTimer = startTimer(system, HANDSHAKE_LIMIT, () => fail(new Error("no answer in time")));
      socket.once("error", fail);
      stream.once("error", fail);
      const closed = (): void => fail(new Error("the connection was closed"));
      socket.once("close", closed);
      socket.once("secureConnect", () => {
        try {
          check(peer, socket);
        } catch (error) {
          fail(error);
          return;
        }
        stopTimer();
        socket.off("close", closed);
        socket.off("error", fail);
        stream.off("error", fail);
        // Errors of the inner stream reach the user of the outer one.
        stream.on("error", (error) => socket.destroy(error));
        resolve(socket);
      });
    });
}
