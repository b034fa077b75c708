/**
 * True when one of `allowed` (a token's host patterns, lower case) covers `host`, which is a host or
 * itself a pattern that somebody wants to claim:
 *
 * - `a.b` covers `a.b` alone;
 * - `*.b` covers one label before `.b`, and the claim `*.b`;
 * - `**.b` covers one label or more before `.b`, and every claim below it;
 * - `*` covers every host.
 *
 * Neither wildcard covers the apex `b`: a wildcard certificate does not either (RFC 6125 §6.4.3).
 */
export function covers(allowed: readonly string[], host: string): boolean {
  return host !== "" && allowed.some((pattern) => coversOne(pattern, host));
}

/** Every pattern that covers a host, or a pattern, as `covers` has it; itself first. */
export function patternsOver(host: string): string[] {
  const [first, ...rest] = host.split(".");
  const above = rest.map((_, at) => rest.slice(at).join("."));
  const oneLabel = first === "**" ? [] : above.slice(0, 1).map((parent) => `*.${parent}`);
  return [host, ...oneLabel, ...above.map((one) => `**.${one}`), "*"];
}

function coversOne(pattern: string, host: string): boolean {
  if (pattern === "*") return true;
  if (pattern.startsWith("**.")) return below(host, pattern.slice(2)) !== undefined;
  if (!pattern.startsWith("*.")) return pattern === host;
  const label = below(host, pattern.slice(1));
  // The claim `**.b` reaches deeper than `*.b` allows.
  return label !== undefined && label !== "**" && !label.includes(".");
}

/** What stands before `suffix` (which begins with a dot); undefined when nothing does. */
function below(host: string, suffix: string): string | undefined {
  return host.length > suffix.length && host.endsWith(suffix)
    ? host.slice(0, -suffix.length)
    : undefined;
}
