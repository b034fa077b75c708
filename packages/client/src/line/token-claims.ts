/** What a token says, not verified. Empty for one that says nothing to its holder. */
function claimsOf(token: string): Record<string, unknown> {
  try {
    const base64 = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    return (JSON.parse(atob(base64)) ?? {}) as Record<string, unknown>;
  } catch {
    // Opaque tokens are as good: they are asked for anew when the service says so.
    return {};
  }
}

/** When a token expires, epoch seconds of the service's clock. Undefined: it does not say. */
export function expiryOf(token: string): number | undefined {
  const { exp } = claimsOf(token);
  return typeof exp === "number" ? exp : undefined;
}

/** Whose it is, in words of its own: two tokens of one user say the same. Empty: it does not say. */
export function holderOf(token: string): string {
  const { iss, sub, user_id } = claimsOf(token);
  return sub === undefined && user_id === undefined ? "" : JSON.stringify([iss, sub, user_id]);
}
