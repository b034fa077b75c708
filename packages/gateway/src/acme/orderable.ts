/** Names that no public CA certifies: of one machine or one network (RFC 6761, 6762, 8375, 7686). */
const PRIVATE = /(^|\.)(localhost|local|internal|home\.arpa|invalid|onion)$/;

/** True for a host that a certificate can be ordered for: a name of two labels or more, no wildcard. */
export function isOrderable(host: string): boolean {
  if (!host.includes(".") || host.length > 253 || PRIVATE.test(host)) return false;
  const labels = host.split(".");
  if (/^\d+$/.test(labels.at(-1)!)) return false; // an address
  return labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
}
