import type { ChatSession } from "../../src/index.ts";

/** One who matters to whoever looks, and whether they are there. */
export interface Counterpart {
  /** The user, or the admin who answers. */
  readonly who: "user" | "admin";
  readonly isHere: boolean;
  /** Names of admins who look on as well: for admins alone. */
  readonly others: readonly string[];
}

export interface Looker {
  readonly role: "user" | "admin";
  readonly userId: string | undefined;
}

/** To an admin their user, and to a user the admin who answers; undefined: nobody, or it is not known. */
export function counterpartOf(
  { presence, control }: Pick<ChatSession, "presence" | "control">,
  { role, userId }: Looker,
): Counterpart | undefined {
  if (presence === undefined) return undefined;
  const { isUserOnline, admins } = presence;
  if (role === "admin") {
    const others = admins.filter(({ id }) => id !== userId).map(({ name }) => name);
    return { who: "user", isHere: isUserOnline, others };
  }
  if (control.mode !== "person") return undefined;
  return { who: "admin", isHere: admins.some(({ id }) => id === control.adminId), others: [] };
}
