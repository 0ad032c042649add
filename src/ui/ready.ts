import { parseJson, record } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import type { Preset, Sign } from "./preset.ts";

const keysOf = (body: string): ReadonlySet<string> => {
  try {
    return new Set(Object.keys(record(parseJson(body), "")));
  } catch {
    return new Set();
  }
};

const fits = (sign: Sign, status: number, body: string): boolean => {
  if (sign.status !== status) return false;
  if (sign.contains !== undefined && !body.includes(sign.contains)) return false;
  if (sign.keys === undefined) return true;
  const keys = keysOf(body);
  return sign.keys.every((key) => keys.has(key));
};

/**
 * Whether what answered a GET of the preset's `ready.path` is that UI, and ready. A status is no proof: many answer
 * unknown paths with their page (ui-traffic U22, U23). True where nothing is known to ask for.
 */
export const isReady = ({ ready }: Preset, status: number, body: string): boolean =>
  ready === undefined || ready.answers.some((sign) => fits(sign, status, body));

const wanted = ({ status, contains, keys }: Sign): string => {
  if (contains !== undefined) return `${status} with "${contains}"`;
  return keys === undefined ? `${status}` : `${status} with JSON that has "${keys.join('", "')}"`;
};

/**
 * @param what it is called
 * @throws {KnownError} UI_MISMATCH: it is not what its name or its label says
 */
export const checkReady = (preset: Preset, status: number, body: string, what = "this"): void => {
  const { ready } = preset;
  if (ready === undefined || isReady(preset, status, body)) return;
  throw new KnownError(
    "UI_MISMATCH",
    `Cannot take ${what} for ${preset.name}: GET ${ready.path} gave ${status}, and ${preset.name} answers ${ready.answers.map(wanted).join(" or ")}`,
  );
};
