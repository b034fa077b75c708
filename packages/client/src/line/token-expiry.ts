/** When a token expires, epoch seconds of the service's clock. Undefined: it does not say. Not verified. */
export function expiryOf(token: string): number | undefined {
  const payload = token.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const base64 = payload.replaceAll("-", "+").replaceAll("_", "/");
    const { exp } = JSON.parse(atob(base64)) as { exp?: unknown };
    return typeof exp === "number" ? exp : undefined;
  } catch {
    // Opaque tokens are as good: they are asked for anew when the service says so.
    return undefined;
  }
}
