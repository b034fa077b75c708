/** First descriptor after the standard streams (sd_listen_fds(3), SD_LISTEN_FDS_START). */
const FIRST_FD = 3;

/**
 * Listening sockets handed over by whoever started this process, by name: socket activation as in
 * sd_listen_fds(3). Not ours when LISTEN_PID names another process; a missing LISTEN_PID is
 * accepted, since a launcher cannot know the pid of its child. Unnamed ones are called `0`, `1`...
 */
export function inheritedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): ReadonlyMap<string, number> {
  const { LISTEN_FDS = "", LISTEN_PID = "", LISTEN_FDNAMES = "" } = env;
  const sockets = new Map<string, number>();
  if (!/^\d{1,4}$/.test(LISTEN_FDS) || (LISTEN_PID !== "" && LISTEN_PID !== String(pid))) {
    return sockets;
  }
  const names = LISTEN_FDNAMES.split(":");
  for (let i = 0; i < Number(LISTEN_FDS); i++) {
    const name = names[i] ?? "";
    // systemd says `unknown` for a socket that nobody named.
    sockets.set(name === "" || name === "unknown" ? String(i) : name, FIRST_FD + i);
  }
  return sockets;
}
