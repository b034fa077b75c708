import { isPlaceholder } from "../keys/placeholder.ts";

/** An allow-list as it was written. */
export interface OriginList {
  /** As `normalOrigin` writes them. */
  readonly origins: ReadonlySet<string>;
  /** `*` is in it. */
  readonly any: boolean;
  /** What is wrong with it, for who wrote it. */
  readonly problems: readonly string[];
}

/** Reads WS_ALLOWED_ORIGINS or CORS_ALLOWED_ORIGINS; what cannot be read is a problem and let in by nothing. */
export function readOrigins(name: string, texts: readonly string[]): OriginList {
  const origins = new Set<string>();
  const problems: string[] = [];
  const written = texts.map((text) => text.trim()).filter((text) => text !== "");
  for (const text of written.filter((text) => text !== "*")) {
    const problem = originProblem(text);
    if (problem === undefined) origins.add(normalOrigin(text)!);
    else problems.push(`${name}: "${text}" ${problem}`);
  }
  return { origins, any: written.includes("*"), problems };
}

function originProblem(text: string): string | undefined {
  if (isPlaceholder(text)) return "is still the template's placeholder";
  if (text.includes("*")) return "is a pattern; list each origin, or * alone for all";
  if (/^wss?:/i.test(text))
    return "is a socket's address; the page's own begins with http or https";
  return normalOrigin(text) === undefined
    ? "is no origin; expected one like https://app.example.com, without a path"
    : undefined;
}

/**
 * An origin as browsers write it (RFC 6454 §6.2): lower case, without the scheme's own port. Undefined
 * for what is none, `null` included, which every sandboxed page is. Apps have schemes of their own
 * (`capacitor://localhost`).
 */
export function normalOrigin(text: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#\\@\s,]+\/?$/i.test(text) || !URL.canParse(text))
    return undefined;
  const url = new URL(text);
  return url.host === "" ? undefined : `${url.protocol}//${url.host.toLowerCase()}`;
}

/** Pages of this machine, on any port. */
export function isLocalOrigin(origin: string): boolean {
  const url = new URL(origin);
  if (url.protocol !== "http:" && url.protocol !== "https:") return false;
  const host = url.hostname;
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(host)
  );
}

/** Whether the list, or the development mode, lets a page of this origin in. */
export function isListed(list: OriginList, origin: string, isDevelopment: boolean): boolean {
  const normal = normalOrigin(origin);
  if (normal === undefined) return false;
  return list.origins.has(normal) || (isDevelopment && isLocalOrigin(normal));
}
