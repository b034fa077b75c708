const MOST = 2048;

/**
 * Text from a peer as a log may show it: no control characters, which could end a line or move a
 * terminal's cursor, and no more than 2 KiB.
 */
export function loggable(text: string): string {
  const short = text.length > MOST ? `${text.slice(0, MOST)}…` : text;
  return /\p{Cc}/u.test(short) ? short.replace(/\p{Cc}/gu, "�") : short;
}

/** A request target without its query, which may hold secrets. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}
