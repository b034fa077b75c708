const SAFE = /^(?:https?:|mailto:)/i;

/** The address of a link that may be followed: of the web or of mail, and nothing else. Undefined: shown as text. */
export function safeLink(href: string): string | undefined {
  // Browsers drop these before they look at the scheme.
  const bare = href.replaceAll(/[\u0000-\u0020]/g, "");
  if (!SAFE.test(bare) || !URL.canParse(bare)) return undefined;
  return bare;
}
