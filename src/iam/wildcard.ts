/** Whether `?` stands for exactly one character, as IAM has it, or for one or none, as aws-iam-authenticator has it. */
export type Question = "one" | "optional";

/**
 * Whether a text is as a pattern with `*` and `?` says, from its beginning to its end. All places of the pattern that
 * the text may have got to are followed at once, so that the time is at most text × pattern: a regular expression of
 * the same meaning may take years (`*a*a*a*a…`). Neither stands for a line feed.
 */
export const matchesWildcard = (text: string, pattern: string, question: Question): boolean => {
  const steps = Array.from(pattern);
  let places = closed([0], steps, question);
  for (const character of text) {
    const next: number[] = [];
    for (const place of places) {
      const step = steps[place];
      const any = (step === "*" || step === "?") && character !== "\n";
      if (any && step === "*") next.push(place);
      else if (any || step === character) next.push(place + 1);
    }
    if (next.length === 0) return false;
    places = closed(next, steps, question);
  }
  return places.has(steps.length);
};

/** With the places that are got to without another character. */
const closed = (places: readonly number[], steps: readonly string[], question: Question): Set<number> => {
  const found = new Set<number>();
  for (const start of places)
    for (let place = start; !found.has(place); place++) {
      found.add(place);
      const step = steps[place];
      if (step !== "*" && !(step === "?" && question === "optional")) break;
    }
  return found;
};
