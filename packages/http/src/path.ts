/** A path as routes are matched against it; what is forwarded is always the raw target. */
export interface MatchingPath {
  /** Without query; unreserved escapes decoded, dot segments removed. */
  path: string;
  /**
   * The raw path has dot segments (also encoded), encoded slashes, or backslashes: an application
   * may read another path than the one matched here.
   */
  ambiguous: boolean;
}

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const QUERY = 0x3f;
const BACKSLASH = 0x5c;

/** Reads the path of a target in origin-form; that of `*` is `/`. */
export function matchingPath(target: string): MatchingPath {
  let at = 0;
  let special = false;
  for (; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (code === QUERY) break;
    if (code === PERCENT || code === BACKSLASH) special = true;
    else if (code === DOT && target.charCodeAt(at - 1) === SLASH) special = true;
  }
  const raw = at === target.length ? target : target.slice(0, at);
  if (raw === "*") return { path: "/", ambiguous: false };
  return special ? normalized(raw) : { path: raw, ambiguous: false };
}

/** Path and query apart; the query with its `?`, "" for none. */
export function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf("?");
  return at === -1
    ? { path: target, query: "" }
    : { path: target.slice(0, at), query: target.slice(at) };
}

/** RFC 3986 §6.2.2.2 and §5.2.4. Other escapes stay as they are, so none is decoded twice. */
function normalized(raw: string): MatchingPath {
  const decoded = raw.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(char) ? char : escape;
  });
  let ambiguous = /%2f|%5c|\\/i.test(decoded);
  const kept: string[] = [];
  const segments = decoded.split("/");
  for (const [index, segment] of segments.entries()) {
    // `..;x` is `..` to servers that cut path parameters off before they look.
    const name = segment.split(";", 1)[0]!;
    if (name !== "." && name !== "..") {
      kept.push(segment);
      continue;
    }
    ambiguous = true;
    if (name === ".." && kept.length > 1) kept.pop();
    if (index === segments.length - 1) kept.push("");
  }
  return { path: kept.length === 1 ? `${kept[0]}/` : kept.join("/"), ambiguous };
}

/** True when `prefix` covers `path` element by element: `/foo` has `/foo/x` but not `/foobar`. */
export function hasPathPrefix(path: string, prefix: string): boolean {
  const length = prefix.endsWith("/") ? prefix.length - 1 : prefix.length;
  if (!path.startsWith(length === prefix.length ? prefix : prefix.slice(0, length))) return false;
  return path.length === length || path.charCodeAt(length) === SLASH;
}
