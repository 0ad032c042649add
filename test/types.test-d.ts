import { expectTypeOf } from "vitest";
import { KnownError, type ErrorCode } from "../src/base/errors.ts";
import { Secret } from "../src/base/secret.ts";
import { after, epochMillis, millis, seconds, toMillis } from "../src/base/units.ts";
import type { Credential } from "../src/credentials/index.ts";
import type { Upstream } from "../src/proxy/index.ts";

/** What must compile and what must not; `npm run types` is the test. */

after(epochMillis(0), millis(5));
after(epochMillis(0), toMillis(seconds(5)));
// @ts-expect-error a point in time is no duration
after(millis(5), epochMillis(0));
// @ts-expect-error seconds are no milliseconds
after(epochMillis(0), seconds(5));
// @ts-expect-error a bare number has no unit
after(epochMillis(0), 5);

// @ts-expect-error a secret is no text
const text: string = new Secret("x");
expectTypeOf(new Secret("x").reveal()).toEqualTypeOf<string>();

// @ts-expect-error a code has to be in the registry
export const unknown = new KnownError("NO_SUCH_CODE", text);
expectTypeOf<"USAGE">().toExtend<ErrorCode>();
expectTypeOf<KnownError["exit"]>().toEqualTypeOf<1 | 2>();

// The header of a credential is nothing, a token, or name and password; never a mix of them.
expectTypeOf<NonNullable<Credential["header"]>["kind"]>().toEqualTypeOf<"bearer" | "basic">();
// All that the proxy knows of the world.
expectTypeOf<keyof Upstream>().toEqualTypeOf<
  "dial" | "authorize" | "ready" | "trouble" | "peer" | "onGone"
>();
