/** Bounds on how much one user, address or socket may ask. */
export interface Limits {
  /** Milliseconds until it would be let through; 0: it was. Rejects never: without its store it lets through. */
  take(limit: LimitName, key: string): Promise<number>;
}

export type LimitName =
  | "message"
  | "frame"
  | "connect"
  | "user"
  | "admin"
  | "public"
  | "upload"
  | "privacy"
  | "alert";

/** Tokens of sockets that live on: what they were let in by may end. */
export interface Renewal {
  /** Epoch milliseconds. Rejects with a `ChatError`. */
  verify(token: string): Promise<Renewed>;
}

/** What a new token says of whoever is there already. */
export interface Renewed {
  readonly userId: string;
  readonly isAdmin: boolean;
  readonly expiresAtMs: number;
}
