/**
 * Fetch once, share, fetch anew when stale. N callers that come while a fetch runs share it; a fetch that was
 * overtaken by `drop()` never becomes the cached value.
 */
export interface Cached<T> {
  /** The value in hand if it is fresh, else that of one shared fetch. A failed fetch is not remembered. */
  get(): Promise<T>;
  /** Forgets `value` if it is still the one in hand (or whatever is in hand when left out). */
  drop(value?: T): void;
}

export interface CachedOptions<T> {
  /** Whether the value may still be handed out. Default: always. */
  readonly fresh?: (value: T) => boolean;
}

export function cached<T>(fetch: () => Promise<T>, options: CachedOptions<T> = {}): Cached<T> {
  const fresh = options.fresh ?? (() => true);
  let held: { readonly value: T } | undefined;
  let pending: Promise<T> | undefined;
  let generation = 0;
  const start = (): Promise<T> => {
    const mine = ++generation;
    const running = fetch().then(
      (value) => {
        if (mine === generation) {
          held = { value };
          pending = undefined;
        }
        return value;
      },
      (error: unknown) => {
        if (mine === generation) pending = undefined;
        throw error;
      },
    );
    pending = running;
    return running;
  };
  return {
    get: () => {
      if (held !== undefined && fresh(held.value)) return Promise.resolve(held.value);
      return pending ?? start();
    },
    drop: (value) => {
      if (value !== undefined && (held === undefined || held.value !== value)) return;
      held = undefined;
      // A fetch that runs now started after the value was handed out, so its answer is newer and stays welcome.
    },
  };
}
