import { CLAIM_NAMES, mintToken } from "@warren/chat";

/** What signs tokens in a bench, and nowhere else. */
export const SECRET = "t7Qe2XwLr9-ZbV4mKc8_HsYf3NdJpGu6A-oWiR5xTzE0";

export function tokenOf(userId: string, roles: readonly string[] = []): string {
  return mintToken({
    secret: SECRET,
    algorithm: "HS256",
    userId,
    roles: [...roles],
    name: undefined,
    lifeMs: 3_600_000,
    nowMs: Date.now(),
    names: CLAIM_NAMES,
    issuer: undefined,
    audience: undefined,
  });
}
