import { ServiceError, type Service } from "../service/service.ts";

/** Who is at this page, as the service reads the token. */
export interface Account {
  readonly userId: string;
  readonly name: string;
  readonly isAdmin: boolean;
  readonly isGuest: boolean;
  readonly expiresAtMs: number;
}

interface Me {
  readonly user_id: string;
  readonly name: string;
  readonly is_admin: boolean;
  readonly is_guest: boolean;
  /** RFC 3339. */
  readonly expires_at: string;
}

/** Rejects with a `ServiceError`. */
export async function askWho(service: Service): Promise<Account> {
  const me = await service.ask<Me>("/me");
  return {
    userId: me.user_id,
    name: me.name,
    isAdmin: me.is_admin,
    isGuest: me.is_guest,
    expiresAtMs: Date.parse(me.expires_at),
  };
}

/** Why nobody is let in, in words for who reads it. */
export function refusalText(reason: unknown): string {
  if (!(reason instanceof ServiceError)) return "Something went wrong on this page.";
  if (reason.code === "EXPIRED_TOKEN") return "This token has expired. Ask for a new one.";
  if (reason.status === 401) return "This service does not know this token.";
  return reason.message;
}

/** True where another token would help, and trying again would not. */
export function isAboutToken(reason: unknown): boolean {
  return reason instanceof ServiceError && (reason.status === 401 || reason.status === 403);
}
