import { useEffect, useRef } from "preact/hooks";

/** Timers fire at once for anything longer: what is due later waits in stretches. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** Calls at a moment, epoch milliseconds: not at the next thing that is refused after it. */
export function useExpiry(atMs: number | undefined, ended: () => Promise<void>): void {
  const current = useRef(ended);
  current.current = ended;
  useEffect(() => {
    if (atMs === undefined) return;
    let timer: ReturnType<typeof setTimeout>;
    const wait = () => {
      const leftMs = atMs - Date.now();
      if (leftMs <= 0) void current.current();
      else timer = setTimeout(wait, Math.min(leftMs, LONGEST_TIMER_MS));
    };
    wait();
    return () => clearTimeout(timer);
  }, [atMs]);
}
