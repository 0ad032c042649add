/**
 * Header lists as they go over the wire: order and spelling kept, repeated names kept apart. Never an object, so a
 * header called `__proto__` is only a name.
 */
export type RawHeaders = readonly (readonly [name: string, value: string])[];

/** Node's flat `rawHeaders` (`[name, value, name, value, …]`) as pairs. */
export const pairs = (flat: readonly string[]): RawHeaders => {
  const list: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2)
    list.push([flat[index] ?? "", flat[index + 1] ?? ""]);
  return list;
};

/** Every value of `name` (lower case) of Node's flat `rawHeaders`, in order. */
export const flatValuesOf = (flat: readonly string[], name: string): readonly string[] =>
  flat.filter((_value, index) => index % 2 === 1 && flat[index - 1]?.toLowerCase() === name);

/** Every value of `name` (lower case), in order. */
export const valuesOf = (headers: RawHeaders, name: string): readonly string[] =>
  headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);

/** The value of `name` (lower case) if there is exactly one line of it. */
export const only = (headers: RawHeaders, name: string): string | undefined => {
  const values = valuesOf(headers, name);
  return values.length === 1 ? values[0] : undefined;
};

/** The members of a comma-separated list header, trimmed and in lower case, over all of its lines. */
export const members = (headers: RawHeaders, name: string): readonly string[] =>
  valuesOf(headers, name)
    .flatMap((value) => value.split(","))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== "");

/** RFC 9110 §5.6.2: a token. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
