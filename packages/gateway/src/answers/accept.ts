/**
 * True when a client would rather have an HTML page than JSON (RFC 9110 §12.5.1): it names text/html
 * or text/*, and JSON no higher. A bare wildcard, as programs send it, gets JSON.
 */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || accept.length > 2048 || !/text\//i.test(accept)) return false;
  let html = 0;
  let json = 0;
  for (const range of accept.toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    if (type === "text/html" || type === "text/*") html = Math.max(html, quality(parameters));
    if (type === "application/json") json = Math.max(json, quality(parameters));
  }
  return html > 0 && html >= json;
}

function quality(parameters: readonly string[]): number {
  const said = parameters.find((parameter) => parameter.startsWith("q="));
  const q = said === undefined ? 1 : Number(said.slice(2));
  return q >= 0 && q <= 1 ? q : 0;
}
