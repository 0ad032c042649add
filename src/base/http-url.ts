/** An address that can be asked over HTTP, undefined for anything else. `URL.parse` is younger than Node 22.0. */
export const httpUrl = (text: string): URL | undefined => {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url : undefined;
};
