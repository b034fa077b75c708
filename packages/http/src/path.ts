/** A path as routes are matched against it; what is forwarded is always the raw target. */
export interface MatchingPath {
  /**
   * Without query; dot segments removed, escapes decoded of characters that mean nothing in a path,
   * the others in upper case.
   */
  path: string;
  /**
   * The raw path has dot segments (also encoded), encoded slashes, backslashes, or an encoded NUL,
   * where some stop reading: an application may read another path than the one matched here. So may
   * one that decodes again, where that makes dot segments or a NUL, or never comes to an end.
   */
  ambiguous: boolean;
  /**
   * The path as the most lenient application reads it, which is nearly always the same: slashes that
   * are encoded, turned or repeated are one slash, path parameters (`;x`) are not there, what is
   * escaped several times (`%2561`) is decoded as often, and a NUL is the end.
   */
  loose: string;
}

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const QUERY = 0x3f;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;

/** Reads the path of a target in origin-form; that of `*` is `/`. */
export function matchingPath(target: string): MatchingPath {
  let at = 0;
  let special = false;
  for (let before = 0; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (code === QUERY) break;
    if (code === PERCENT || code === BACKSLASH || code === SEMICOLON) special = true;
    else if (before === SLASH && (code === DOT || code === SLASH)) special = true;
    before = code;
  }
  const raw = at === target.length ? target : target.slice(0, at);
  if (raw === "*") return { path: "/", ambiguous: false, loose: "/" };
  return special ? normalized(raw) : { path: raw, ambiguous: false, loose: raw };
}

/** Path and query apart; the query with its `?`, "" for none. */
export function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf("?");
  return at === -1
    ? { path: target, query: "" }
    : { path: target.slice(0, at), query: target.slice(at) };
}

/** Unreserved characters, and those that separate nothing within a path (RFC 3986 §3.3). */
const MEANINGLESS = /[A-Za-z0-9\-._~!$&'()*+,=:@]/;

const ESCAPE = /%[0-9a-f]{2}/gi;
/** A percent sign that is escaped, or stands for itself: what follows may be an escape once more. */
const PERCENT_SIGN = /%25|%(?![0-9a-f]{2})/i;
/** `%2561`, `%252561`, and `%61` out of `%%36%31`. */
const ESCAPED_AGAIN = /%(?:25)*[0-9a-f]{2}/gi;

/** One pass undoes `%25252561`; more are needed where the digits of an escape are escaped. */
const MOST_PASSES = 4;

/** RFC 3986 §6.2.2 and §5.2.4. Other escapes stay, so none is decoded twice but for `loose`. */
function normalized(raw: string): MatchingPath {
  const decoded = raw.replace(ESCAPE, plain);
  const { path, dotted } = withoutDots(decoded);
  const again = PERCENT_SIGN.test(raw) ? decodedAgain(decoded) : undefined;
  const text = again?.text ?? decoded;
  const flat = text.replace(/%2F|%5C|\\/g, "/").replace(/(?:;|%3B)[^/]*/g, "");
  const loose = withoutDots(flat.replace(/\/{2,}/g, "/"));
  let ambiguous = dotted || /%2F|%5C|%00|\\/.test(decoded);
  if (text !== decoded) ambiguous ||= !again!.whole || loose.dotted || text.includes("%00");
  return { path, ambiguous, loose: ambiguous ? loose.path.replace(/%00.*/, "") : loose.path };
}

/** Each pass makes a text shorter, and a hostile one needs as many as it has characters. */
function decodedAgain(decoded: string): { text: string; whole: boolean } {
  let text = decoded;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const next = text.replace(ESCAPED_AGAIN, plain);
    if (next === text) return { text, whole: true };
    text = next;
  }
  return { text, whole: false };
}

function plain(escape: string): string {
  const hex = escape.slice(-2);
  const char = String.fromCharCode(Number.parseInt(hex, 16));
  return MEANINGLESS.test(char) ? char : `%${hex.toUpperCase()}`;
}

const DOTS = /\/\.\.?(?:[;/]|$)/;

function withoutDots(path: string): { path: string; dotted: boolean } {
  if (!DOTS.test(path)) return { path, dotted: false };
  let dotted = false;
  const kept: string[] = [];
  const segments = path.split("/");
  for (const [index, segment] of segments.entries()) {
    // `..;x` is `..` to servers that cut path parameters off before they look.
    const name = segment.split(";", 1)[0]!;
    if (name !== "." && name !== "..") {
      kept.push(segment);
      continue;
    }
    dotted = true;
    if (name === ".." && kept.length > 1) kept.pop();
    if (index === segments.length - 1) kept.push("");
  }
  return { path: kept.length === 1 ? `${kept[0]}/` : kept.join("/"), dotted };
}

/** True when `prefix` covers `path` element by element: `/foo` has `/foo/x` but not `/foobar`. */
export function hasPathPrefix(path: string, prefix: string): boolean {
  const length = prefix.endsWith("/") ? prefix.length - 1 : prefix.length;
  if (!path.startsWith(length === prefix.length ? prefix : prefix.slice(0, length))) return false;
  return path.length === length || path.charCodeAt(length) === SLASH;
}
