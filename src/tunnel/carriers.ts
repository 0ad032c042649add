import { KnownError } from "../base/errors.ts";
import { millis } from "../base/units.ts";
import { attempt, type Attempt, type AttemptOptions } from "./attempt.ts";
import { deferred } from "./deferred.ts";
import { missingRight } from "./errors.ts";
import type { Session } from "./spdy/session.ts";
import type { Carrier, CarrierMemory } from "./types.ts";

/** The second carrier starts when the first has been silent for this long (decisions.md "Carriers"). */
const HEAD_START = millis(300);

export interface CarrierChoice {
  readonly carrier: "auto" | Carrier;
  readonly memory: CarrierMemory;
  /** The carrier that won for this pod already. */
  readonly won: Carrier | undefined;
  readonly signal: AbortSignal;
}

export interface OpenTunnel {
  readonly carrier: Carrier;
  readonly session: Session;
}

/**
 * A live tunnel. Raw SPDY goes first; when it is refused, or has not answered 300 ms after its request was written,
 * the WebSocket starts too, and the first to echo a PING wins.
 * @throws {KnownError} POD_GONE, TUNNEL_UNAUTHORIZED, TUNNEL_FORBIDDEN, TUNNEL_REFUSED, TUNNEL_SILENT, or what the
 *   connection to the API server throws
 */
export async function openTunnel(options: AttemptOptions, choice: CarrierChoice): Promise<OpenTunnel> {
  if (choice.carrier !== "auto") return alone(options, choice.carrier, choice.signal);
  const known = choice.won ?? choice.memory.recall();
  if (known !== undefined) {
    const result = await once(options, known, choice.signal);
    if (result.kind === "open") return result;
    if (!result.other || choice.signal.aborted) throw result.error;
    choice.memory.forget();
  }
  return race(options, choice);
}

const once = (options: AttemptOptions, carrier: Carrier, signal: AbortSignal): Promise<Attempt> =>
  attempt(options, carrier, { signal, onSent: () => undefined, onUpgraded: () => undefined });

async function alone(options: AttemptOptions, carrier: Carrier, signal: AbortSignal): Promise<OpenTunnel> {
  const result = await once(options, carrier, signal);
  if (result.kind === "failed") throw result.error;
  return result;
}

async function race(options: AttemptOptions, choice: CarrierChoice): Promise<OpenTunnel> {
  const stop = new AbortController();
  const signal = AbortSignal.any([choice.signal, stop.signal]);
  const late = deferred<"late">();
  let upgraded = false;
  const clock = async (): Promise<void> => {
    await options.system.sleep(HEAD_START, signal);
    // On a long way the 101 is there by now and the echo is not: the same time again.
    if (upgraded) await options.system.sleep(HEAD_START, signal);
    late.resolve("late");
  };
  const running = new Map<Carrier, Promise<Attempt>>();
  const failures: (Attempt & { readonly kind: "failed" })[] = [];
  const spdy = attempt(options, "spdy", {
    signal,
    onSent: () => {
      clock().catch(() => undefined);
    },
    onUpgraded: () => {
      upgraded = true;
    },
  });
  running.set("spdy", spdy);
  let started = false;
  const startOther = (): void => {
    started = true;
    running.set(
      "websocket",
      attempt(options, "websocket", { signal, onSent: () => undefined, onUpgraded: () => undefined }),
    );
  };
  for (;;) {
    const event = await Promise.race<Attempt | "late">(
      started ? [...running.values()] : [...running.values(), late.promise],
    );
    if (event === "late") {
      startOther();
      continue;
    }
    running.delete(event.carrier);
    if (event.kind === "open") {
      stop.abort();
      for (const loser of running.values()) void loser.then(discard);
      // A carrier that said 101 and then passed nothing while the other did it all has failed as well.
      if (failures.length > 0 || (event.carrier === "websocket" && upgraded))
        choice.memory.remember(event.carrier);
      return event;
    }
    failures.push(event);
    if (!event.other || choice.signal.aborted) {
      stop.abort();
      for (const loser of running.values()) void loser.then(discard);
      throw event.error;
    }
    if (!started) startOther();
    if (running.size === 0) {
      stop.abort();
      throw both(failures.map(({ error }) => error));
    }
  }
}

const discard = (result: Attempt): void => {
  if (result.kind === "open") {
    result.session.destroy(new KnownError("TUNNEL_LOST", "The other carrier was faster"));
  }
};

/** One error that names both refusals. A missing right outweighs whatever the other carrier met. */
function both(errors: readonly KnownError[]): KnownError {
  const forbidden = errors.find(({ code }) => code === "TUNNEL_FORBIDDEN");
  // The message of one that names the right stays: what was said of it is the cause.
  if (forbidden?.cause instanceof Error)
    return missingRight(
      forbidden.message,
      errors.map(({ code, cause, message }) =>
        code === "TUNNEL_FORBIDDEN" && cause instanceof Error ? cause.message : message,
      ),
    );
  const chosen = forbidden ?? errors[0];
  return new KnownError(chosen?.code ?? "TUNNEL_REFUSED", errors.map(({ message }) => message).join("; "), {
    cause: chosen,
  });
}
