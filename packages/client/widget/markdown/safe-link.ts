/** Browsers drop these before they look at the scheme (WHATWG URL, "basic URL parser"). */
const DROPPED = /[^\u0021-\u{10ffff}]/gu;
const SAFE = /^(?:https?:|mailto:)/i;

/** The address of a link that may be followed: of the web or of mail, and nothing else. Undefined: shown as text. */
export function safeLink(href: string): string | undefined {
  const bare = href.replaceAll(DROPPED, "");
  if (!SAFE.test(bare) || !URL.canParse(bare)) return undefined;
  return bare;
}
