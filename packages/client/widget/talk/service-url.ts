/** Absolute, without a slash at the end. */
export function serviceUrl(given: string): string {
  return new URL(given, location.href).href.replace(/\/+$/, "");
}
