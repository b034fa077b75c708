export interface PagePolicyOptions {
  /** Origins that may show the page in a frame; empty for none. */
  framedBy: readonly string[];
  /** Origins other than the page's own that files come from and go to: a bucket's. */
  fileOrigins: readonly string[];
}

/**
 * What a page may do, whoever got something into it: nothing inline, nothing evaluated, nothing from
 * elsewhere (CSP Level 3). `blob:` is what was chosen or recorded and is not sent yet.
 */
export function pagePolicy({ framedBy, fileOrigins }: PagePolicyOptions): string {
  const files = fileOrigins.map((origin) => ` ${origin}`).join("");
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' blob: data:${files}`,
    `media-src 'self' blob:${files}`,
    `connect-src 'self'${files}`,
    "form-action 'none'",
    "base-uri 'none'",
    `frame-ancestors ${framedBy.length === 0 ? "'none'" : framedBy.join(" ")}`,
  ].join("; ");
}
