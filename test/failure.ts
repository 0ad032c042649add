import { KnownError } from "../src/base/errors.ts";

/** The error of the registry that the work ends with. */
export const failureOf = async (work: Promise<unknown>): Promise<KnownError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof KnownError) return error;
  throw new TypeError(`no known error: ${String(error)}`, { cause: error });
};
