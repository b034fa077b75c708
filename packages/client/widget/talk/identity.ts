import type { MountChatOptions } from "../mount-options.ts";
import { browserStorage } from "./browser-storage.ts";
import { serviceUrl } from "./conversation.ts";
import { GuestToken } from "./guest-token.ts";

/** Whose conversation it is: what the client needs to say so, and apart from whom it is kept. */
export function identity({ token, url }: Pick<MountChatOptions, "token" | "url">): {
  token: () => Promise<string>;
  account: string;
} {
  if (token !== "guest") return { token, account: "" };
  const guest = guestToken(url);
  return { token: () => guest.token(), account: "guest" };
}

/** The visitor of this device. */
export function guestToken(url: string): GuestToken {
  return new GuestToken({
    url: serviceUrl(url),
    storage: browserStorage("localStorage"),
    wallClock: () => Date.now(),
    fetch: (...asked) => fetch(...asked),
  });
}
