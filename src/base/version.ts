/** The version of package.json; a test compares the two. */
export const VERSION = "0.1.0";

/** How servers know us, in their logs too. */
export const userAgent = ({ platform }: { readonly platform: string }): string =>
  `kauth/${VERSION} (${platform})`;
