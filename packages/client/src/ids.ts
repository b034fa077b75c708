/** Chance, as bytes. */
export type RandomBytes = (count: number) => Uint8Array;

/**
 * Ids of RFC 9562, version 7: they sort in the order in which they were made, also within a millisecond
 * and when the wall clock goes back.
 */
export function uuids(wallClock: () => number, randomBytes: RandomBytes): () => string {
  let lastMs = 0;
  let counter = 0;
  return () => {
    const nowMs = Math.floor(wallClock());
    if (nowMs > lastMs) {
      lastMs = nowMs;
      // From the lower half, so that there is room to count.
      counter = ((randomBytes(1)[0] ?? 0) << 3) & 0x7ff;
    } else if (counter < 0xfff) counter += 1;
    else {
      lastMs += 1;
      counter = 0;
    }
    const time = lastMs.toString(16).padStart(12, "0");
    const tail = hex(randomBytes(8));
    const variant = ((Number.parseInt(tail[0]!, 16) & 0x3) | 0x8).toString(16);
    const count = counter.toString(16).padStart(3, "0");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${variant}${tail.slice(1, 4)}-${tail.slice(4)}`;
  };
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
