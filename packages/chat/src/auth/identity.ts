/** Who someone is, as a verified token says it. */
export interface Identity {
  /** At most 255 bytes of UTF-8, no control characters. */
  readonly userId: string;
  /** For people to read; the user id where the token has none. */
  readonly name: string;
  readonly roles: readonly string[];
  readonly isAdmin: boolean;
  /** Epoch milliseconds, clock tolerance included: from then on the token is worth nothing. */
  readonly expiresAtMs: number;
  readonly tokenId: string | undefined;
  /** A visitor of a device, whom nobody but this service vouches for. */
  readonly guest: boolean;
}

/** User ids that start so are guests', and no issuer may hand them out. */
export const GUEST_PREFIX = "guest:";
/** `reference/chatbox.md` H-13. */
const ADMIN_ROLES = ["admin", "chat_admin"];
const MOST_BYTES = 255;

export function isAdmin(roles: readonly string[]): boolean {
  return roles.some((role) => ADMIN_ROLES.includes(role));
}

/** Whether it may be a user's id, a guest's included. */
export function isUserId(value: unknown): value is string {
  return isName(value) && Buffer.byteLength(value) <= MOST_BYTES;
}

/** Text that can be shown in a line: not empty, no control characters, well-formed. */
export function isName(value: unknown): value is string {
  return (
    typeof value === "string" && /\S/.test(value) && !/\p{Cc}/u.test(value) && value.isWellFormed()
  );
}
