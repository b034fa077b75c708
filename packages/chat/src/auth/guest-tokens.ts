import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { randomId } from "@warren/host";
import { ChatError } from "@warren/wire";
import { checkTimes } from "./claims.ts";
import { GUEST_PREFIX, type Identity } from "./identity.ts";
import { invalidToken, readJws, signJws, type Jws } from "./jws.ts";
import { isSignedBy } from "./shared-secrets.ts";

const TYPE = "warren-guest+jwt";
const ALGORITHM = "HS256";
const GUEST_ID = /^guest:[\w-]{22}$/;
const TOLERANCE_MS = 60_000;

export interface GuestTokensOptions {
  /** The first signs, all count. Any secret that the instances share: users' tokens need not use it. */
  secrets: readonly (string | Uint8Array)[];
  lifeMs: number;
}

export interface MintedGuest {
  token: string;
  userId: string;
  /** Epoch milliseconds. */
  expiresAtMs: number;
}

/**
 * Tokens of visitors: one per device, made and trusted by this service alone, with a key of their own
 * derived from a secret, so they work beside any users' tokens and never pass for one. A guest has no
 * role, whatever the token says.
 */
export class GuestTokens {
  readonly #lifeMs: number;
  readonly #keys: readonly KeyObject[];

  constructor({ secrets, lifeMs }: GuestTokensOptions) {
    this.#lifeMs = lifeMs;
    this.#keys = secrets.map((secret) =>
      createSecretKey(
        Buffer.from(hkdfSync("sha256", secret, "", "warren chat guest tokens 1", 32)),
      ),
    );
  }

  /** A token of a new guest; of the same one for `again`, who holds a token that is still good. */
  mint(nowMs: number, again?: Identity): MintedGuest {
    const [key] = this.#keys;
    if (key === undefined || again?.guest === false) throw new Error("no guest to sign for");
    const userId = again?.userId ?? GUEST_PREFIX + randomId(16);
    const issuedAt = Math.floor(nowMs / 1000);
    const exp = issuedAt + Math.floor(this.#lifeMs / 1000);
    const claims = { sub: userId, iat: issuedAt, exp, jti: randomId(12) };
    const token = signJws(claims, { algorithm: ALGORITHM, type: TYPE, key });
    return { token, userId, expiresAtMs: exp * 1000 };
  }

  /** Whether it says that it is a guest's. */
  isOne({ type }: Jws): boolean {
    return type === TYPE;
  }

  /** Throws a ChatError: INVALID_TOKEN, EXPIRED_TOKEN. */
  identify(jws: Jws, nowMs: number): Identity {
    const signed =
      this.isOne(jws) &&
      jws.algorithm === ALGORITHM &&
      this.#keys.some((key) => isSignedBy(jws, ALGORITHM, key));
    const { sub, jti } = jws.claims;
    if (!signed || typeof sub !== "string" || !GUEST_ID.test(sub)) throw invalidToken();
    // Whoever shortens guests' lives means those that are out too.
    const rules = { toleranceMs: TOLERANCE_MS, longestLifeMs: this.#lifeMs };
    return {
      userId: sub,
      name: "Guest",
      roles: [],
      isAdmin: false,
      expiresAtMs: checkTimes(jws.claims, rules, nowMs),
      tokenId: typeof jti === "string" ? jti : undefined,
      guest: true,
    };
  }

  /**
   * The guest whose token someone holds: who says so on identify may have the guest's sessions. Throws
   * a ChatError as `identify` does.
   */
  prove(token: string, nowMs: number): Identity {
    return this.identify(readJws(token), nowMs);
  }

  /**
   * What `user` may take over of the guest whose token they hold: the guest's id. Guests take over
   * nothing. Throws a ChatError.
   */
  mergeable(token: string, user: Identity, nowMs: number): string {
    if (user.guest) throw new ChatError("FORBIDDEN", "a guest cannot take over another's sessions");
    return this.prove(token, nowMs).userId;
  }
}
