import { isPlaceholder } from "../keys/placeholder.ts";
import { REMOTE_ALGORITHMS, type RemoteAlgorithm } from "./remote-keys.ts";

/** How an issuer whose public keys are trusted is said; "" where not said. */
export interface IssuerTexts {
  /** JWT_JWKS_URL */
  url: string;
  /** JWT_ISSUER */
  issuer: string;
  /** JWT_AUDIENCE */
  audience: string;
  /** JWT_ALGORITHMS; the issuer's keys decide among them. */
  algorithms: readonly string[];
}

/** What issuers sign with by default. */
export const ISSUER_ALGORITHMS: readonly RemoteAlgorithm[] = ["RS256", "ES256", "EdDSA"];

/** What is wrong with it, all at once, for who wrote it. */
export function issuerProblems({ url, issuer, audience, algorithms }: IssuerTexts): string[] {
  const unknown = algorithms.filter((name) => !REMOTE_ALGORITHMS.some((known) => known === name));
  return [
    isTrustworthy(url)
      ? ""
      : "JWT_JWKS_URL: expected a URL that starts with https:// (http:// only within the cluster)",
    issuer === "" ? "JWT_ISSUER: not set; with JWT_JWKS_URL only tokens of one issuer count" : "",
    audience === "" ? "JWT_AUDIENCE: not set; the issuer signs for other services too" : "",
    ...[url, issuer, audience].map((text) =>
      isPlaceholder(text) ? `"${text}" is still the template's placeholder` : "",
    ),
    algorithms.length === 0 ? "JWT_ALGORITHMS: empty" : "",
    ...unknown.map((name) => `JWT_ALGORITHMS: ${name} is none of ${REMOTE_ALGORITHMS.join(", ")}`),
  ].filter((problem) => problem !== "");
}

const WITHIN = /(^localhost|^127\.\d+\.\d+\.\d+|^\[::1\]|\.local|\.internal|\.svc)$/;

/** Whoever can change the keys on their way can be anyone. */
function isTrustworthy(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  const isWithin = WITHIN.test(hostname) || !/[.:]/.test(hostname);
  return username === "" && (protocol === "https:" || (protocol === "http:" && isWithin));
}
