/** A promise that somebody else keeps. */
export interface Gate<T> {
  readonly passed: Promise<T>;
  open(value: T): void;
  fail(reason: Error): void;
}

export const gate = <T = undefined>(): Gate<T> => {
  let open: (value: T) => void = () => undefined;
  let fail: (reason: Error) => void = () => undefined;
  const passed = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { passed, open: (value) => open(value), fail: (reason) => fail(reason) };
};
