import type { ClientFrame } from "@warren/wire";
import type { Clock } from "../clock.ts";
import type { ClientStorage } from "../storage/storage.ts";
import type { Author } from "./provisional.ts";

/** What the sessions of one client share. */
export interface SessionDeps {
  /** False: there is no connection. */
  send: (frame: ClientFrame) => boolean;
  storage: ClientStorage;
  clock: Clock;
  /** Epoch milliseconds. */
  wallClock: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  newId: () => string;
  deviceId: () => string;
  /** Who speaks here. */
  author: () => Author;
  /** The id of the session that the user was in, as far as it was kept. */
  current: () => Promise<string | undefined>;
}
