import { createSecureContext, type SecureContext } from "node:tls";
import { generateKeyPairSync } from "node:crypto";
import { SERVER_TLS } from "@warren/host";
import type { Records } from "../records/records.ts";
import type { Answer } from "./acme-records.ts";
import type { Proof } from "./ca-client.ts";

/** RFC 8555 §8.3 */
export const CHALLENGE_PATH = "/.well-known/acme-challenge/";
/** RFC 8737 §6.2 */
export const ACME_PROTOCOL = "acme-tls/1";

/** How long an answer is kept for a CA that looks late. */
const ANSWER_MS = 3_600_000;
/** Look-ups in the shared store at once: anybody may ask for any token. */
const MOST_LOOKUPS = 50;
const TOKEN = /^[\w-]{16,256}$/;

export interface ChallengesOptions {
  answers: Records<Answer>;
  /** Epoch milliseconds. */
  wallClock: () => number;
}

/**
 * Answers to a CA that looks whether a host is served here. They are in the shared store before the
 * CA is told, since it may come to any gateway, or from several places to several.
 */
export class Challenges {
  readonly #options: ChallengesOptions;
  /** Those of this process's own orders. */
  readonly #own = new Map<string, Answer>();
  #lookups = 0;

  constructor(options: ChallengesOptions) {
    this.#options = options;
  }

  /** Resolves when every gateway can answer. Rejects when that cannot be had. */
  async put({ type, host, token, keyAuthorization }: Proof): Promise<void> {
    const { answers, wallClock } = this.#options;
    const id = type === "http-01" ? httpId(token) : alpnId(host);
    const answer = { host, keyAuthorization };
    this.#own.set(id, answer);
    await answers.put(id, answer, { fence: undefined, untilMs: wallClock() + ANSWER_MS });
  }

  async remove({ type, host, token }: Proof): Promise<void> {
    const id = type === "http-01" ? httpId(token) : alpnId(host);
    this.#own.delete(id);
    await this.#options.answers.remove(id).catch(() => undefined);
  }

  /** What to answer to a request for a challenge; undefined when the token is none of ours. */
  async httpAnswer(host: string, token: string): Promise<string | undefined> {
    if (!TOKEN.test(token)) return undefined;
    const answer = await this.#find(httpId(token));
    return answer?.host === host ? answer.keyAuthorization : undefined;
  }

  /** What to show to a ClientHello for `acme-tls/1`. */
  async tlsAnswer(host: string): Promise<SecureContext | undefined> {
    const answer = await this.#find(alpnId(host));
    return answer === undefined ? undefined : challengeContext(answer);
  }

  async #find(id: string): Promise<Answer | undefined> {
    const own = this.#own.get(id);
    if (own !== undefined || this.#lookups >= MOST_LOOKUPS) return own;
    this.#lookups += 1;
    try {
      return (await this.#options.answers.read(id))?.value;
    } catch {
      return undefined;
    } finally {
      this.#lookups -= 1;
    }
  }
}

function httpId(token: string): string {
  return `http ${token}`;
}
function alpnId(host: string): string {
  return `alpn ${host}`;
}

/** A certificate with the acmeIdentifier extension (RFC 8737 §3). */
async function challengeContext({ host, keyAuthorization }: Answer): Promise<SecureContext> {
  const { crypto } = await import("acme-client");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  const authorization = { identifier: { type: "dns", value: host } };
  const [key, cert] = await crypto.createAlpnCertificate(
    authorization as Parameters<typeof crypto.createAlpnCertificate>[0],
    keyAuthorization,
    pem,
  );
  return createSecureContext({ ...SERVER_TLS, key, cert });
}
