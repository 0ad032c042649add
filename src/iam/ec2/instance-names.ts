import { abortable } from "../../base/abortable.ts";
import { KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import type { PrivateDnsName } from "../mapping/mapper.ts";
import { tokenBucket } from "../server/rate.ts";

export interface InstanceNameParts {
  /** The names of those that there are, see `describeInstances`. @throws {KnownError} IAM_INSTANCE_FAILED */
  readonly ask: (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  readonly system: System;
  /** Questions a second, `--ec2-describeInstances-qps`. Default 15. */
  readonly qps?: number | undefined;
  /** Questions at once, `--ec2-describeInstances-burst`. Default 5. */
  readonly burst?: number | undefined;
}

/** A name that is asked for, by however many. */
interface Waiting {
  readonly promise: Promise<string | undefined>;
  readonly resolve: (name: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

const waitingFor = (): Waiting => {
  let resolve: Waiting["resolve"] = () => undefined;
  let reject: Waiting["reject"] = () => undefined;
  const promise = new Promise<string | undefined>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

/** The name of an instance never changes; its end is seen by the cluster otherwise. */
const LIFE = 60 * 60 * 1000;
/** An instance that was just made is not known everywhere at once. */
const NOT_THERE = 10 * 1000;
const BATCH = 100;
/** Far more nodes than a cluster has. The oldest goes. */
const KEPT = 20_000;

/**
 * Names of EC2 instances, remembered and asked for in batches: while one question is under way, all ids that come are
 * collected for the next. An instance that EC2 does not know is asked for again some seconds later, where the reference
 * never asks again (its defect D12), and no more questions leave than are allowed (D18).
 * @throws {KnownError} IAM_INSTANCE_FAILED
 */
export const createInstanceNames = ({
  ask,
  system,
  qps = 15,
  burst = 5,
}: InstanceNameParts): PrivateDnsName => {
  const known = new Map<string, { readonly name: string | undefined; readonly until: number }>();
  const waiting = new Map<string, Waiting>();
  let queue: string[] = [];
  let running = false;
  const bucket = tokenBucket(() => system.monotonic(), {
    perSecond: Math.max(1, qps),
    burst: Math.max(1, burst),
  });
  const pause = millis(Math.ceil(1000 / Math.max(1, qps)));

  const run = async (): Promise<void> => {
    running = true;
    while (queue.length > 0) {
      while (!bucket()) await system.sleep(pause);
      const batch = queue.slice(0, BATCH);
      queue = queue.slice(BATCH);
      try {
        const names = await ask(batch);
        for (const id of batch) settle(id, names.get(id));
      } catch (error) {
        for (const id of batch) {
          waiting.get(id)?.reject(error);
          waiting.delete(id);
        }
      }
    }
    running = false;
  };
  const settle = (id: string, name: string | undefined): void => {
    known.delete(id);
    known.set(id, { name, until: system.monotonic() + (name === undefined ? NOT_THERE : LIFE) });
    const [oldest] = known.keys();
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
    waiting.get(id)?.resolve(name);
    waiting.delete(id);
  };
  const lookUp = async (id: string): Promise<string | undefined> => {
    const remembered = known.get(id);
    if (remembered !== undefined && system.monotonic() < remembered.until) return remembered.name;
    const asked = waiting.get(id);
    if (asked !== undefined) return await asked.promise;
    const mine = waitingFor();
    waiting.set(id, mine);
    queue.push(id);
    if (!running)
      run().catch((error: unknown) => system.log.warn(`EC2 is not asked any more: ${messageOf(error)}`));
    return await mine.promise;
  };
  return async (id, signal) => {
    const name = await abortable(lookUp(id), signal);
    if (name === undefined)
      throw new KnownError(
        "IAM_INSTANCE_FAILED",
        `failed to find node ${id} in PrivateDNSNameMap: EC2 does not know it`,
      );
    return name;
  };
};
