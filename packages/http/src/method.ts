/** Node's parser knows these and refuses others, so we must too. CONNECT is left out on purpose. */
const METHODS: ReadonlySet<string> = new Set(
  (
    "DELETE GET HEAD POST PUT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK " +
    "BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE " +
    "UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK QUERY"
  ).split(" "),
);

/** Methods are case-sensitive (RFC 9110 §9.1). */
export function isKnownMethod(method: string): boolean {
  return METHODS.has(method);
}
