import type { MountChatOptions } from "../mount-options.ts";
import { browserStorage } from "./browser-storage.ts";
import { serviceUrl } from "./service-url.ts";
import { GuestToken } from "./guest-token.ts";

export interface Identity {
  readonly token: () => Promise<string>;
  /** Keeps users of one device apart. */
  readonly account: string;
  readonly isGuest: boolean;
  /** A connection failed: perhaps the token is not taken any more. */
  readonly doubt: () => void;
}

/** Whose conversation it is: what the client needs to say so, and apart from whom it is kept. */
export function identity({ token, url }: Pick<MountChatOptions, "token" | "url">): Identity {
  if (token !== "guest") return { token, account: "", isGuest: false, doubt: () => undefined };
  const guest = new GuestToken({
    url: serviceUrl(url),
    storage: browserStorage("localStorage"),
    wallClock: () => Date.now(),
    fetch: (...asked) => fetch(...asked),
  });
  return {
    token: () => guest.token(),
    account: "guest",
    isGuest: true,
    doubt: () => guest.doubt(),
  };
}
