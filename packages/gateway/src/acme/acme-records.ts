import * as v from "valibot";
import type { RecordKind } from "../records/records.ts";

// Loose: what a newer release writes beside these is kept when an older one writes the record again.

/** A certificate that a CA has issued. The key is a secret. */
const Issued = v.looseObject({
  cert: v.string(),
  key: v.string(),
  /** The claim that it was ordered under. */
  claim: v.string(),
  /** Epoch milliseconds, as those below. */
  issuedAt: v.number(),
  /** Of the first that the host had in a row. */
  firstAt: v.optional(v.number()),
  expiresAt: v.number(),
  renewAt: v.number(),
  /** When the CA is asked again when to renew. */
  askAt: v.number(),
});
export type Issued = v.InferOutput<typeof Issued>;

/** A certificate is kept a little beyond its end, for those who look why. */
const AFTER_END_MS = 86_400_000;

export function keptUntil({ expiresAt }: Pick<Issued, "expiresAt">): number {
  return expiresAt + AFTER_END_MS;
}

/** The account's key is a secret. */
const Account = v.looseObject({ key: v.string(), url: v.optional(v.string()) });
export type Account = v.InferOutput<typeof Account>;

/** What a CA finds when it looks. */
const Answer = v.object({ host: v.string(), keyAuthorization: v.string() });
export type Answer = v.InferOutput<typeof Answer>;

/** Why a host has no certificate, or no newer one, as of its last order. */
const Setback = v.object({
  /** In a row. */
  failures: v.number(),
  at: v.number(),
  /** Nobody orders before. */
  retryAt: v.number(),
  type: v.string(),
  detail: v.string(),
  challenge: v.string(),
});
export type Setback = v.InferOutput<typeof Setback>;

/** Kinds are apart for each CA: what staging issued is of no use in production. */
export interface AcmeKinds {
  certificates: RecordKind<Issued>;
  account: RecordKind<Account>;
  answers: RecordKind<Answer>;
  setbacks: RecordKind<Setback>;
}

/** `ca`: a short name of the CA's directory. */
export function acmeKinds(ca: string): AcmeKinds {
  return {
    certificates: { name: `acme-${ca}-certificates`, schema: Issued, listed: true, secret: true },
    account: { name: `acme-${ca}-account`, schema: Account, listed: false, secret: true },
    answers: { name: `acme-${ca}-answers`, schema: Answer, listed: false, secret: false },
    setbacks: { name: `acme-${ca}-setbacks`, schema: Setback, listed: false, secret: false },
  };
}
