/** A handshake that failed, in words for whoever reads the log. By Node's and OpenSSL's codes. */
const SENTENCES: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: "it has no certificate for this name (unrecognized_name)",
  ERR_SSL_WRONG_VERSION_NUMBER: "what answers at this port speaks no TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "what answers at this port speaks no TLS",
  ECONNRESET: "the connection was closed before TLS was agreed",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed, and no authority here knows it",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is of an authority that is not known here",
  UNABLE_TO_GET_ISSUER_CERT: "its certificate is of an authority that is not known here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is of an authority that is not known here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is of an authority that is not known here",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet: look at the clocks of both sides",
  CERT_SIGNATURE_FAILURE: "its certificate is not signed by the authority that is given here",
};

/** Why there is no TLS, without what only OpenSSL's own authors can read. */
export function tlsProblemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = "", reason } = error as NodeJS.ErrnoException & { reason?: unknown };
  const known = SENTENCES[code];
  if (known !== undefined) return known;
  // Node's own words of a name that is not in a certificate have the names; OpenSSL's have addresses.
  return code.startsWith("ERR_SSL_") || code.startsWith("ERR_OSSL_")
    ? `it was broken off: ${typeof reason === "string" ? reason : code}`
    : error.message;
}
