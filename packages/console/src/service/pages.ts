/** Where the other pages are. Tokens never go along in an address that a server sees. */
export const PAGES = {
  sessions: "./sessions.html",
  newChat: "./chat.html?new=1",
  admin: "./admin.html",
  chat: (sessionId?: string) =>
    sessionId === undefined
      ? "./chat.html"
      : `./chat.html?session_id=${encodeURIComponent(sessionId)}`,
  /** In the fragment: whoever knows a share's token can read it, also out of a log. */
  shared: (token: string) => new URL(`./shared.html#${token}`, location.href).href,
};
