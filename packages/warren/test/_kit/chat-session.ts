import type { ChatSession } from "@warren/client";

/** Resolves when the session is as wanted; looks at each change. */
export function until(session: ChatSession, wanted: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!wanted()) return;
      off();
      resolve();
    };
    const off = session.on("change", look);
    look();
  });
}

/** What the user said. */
export function spoken(session: ChatSession): string[] {
  return session.messages.filter(({ isMine }) => isMine).map(({ content }) => content);
}
