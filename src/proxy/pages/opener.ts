/**
 * What is opened from a page with this header gets no hold of it, also where a browser does not know `rel` of a form.
 *
 * @see https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies
 */
export const NO_OPENER: readonly string[] = ["Cross-Origin-Opener-Policy", "same-origin"];
