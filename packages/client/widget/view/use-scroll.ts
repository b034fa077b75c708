import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** So near to the end one reads along. */
const NEAR_PX = 48;

/**
 * Keeps the end of a thread in view while its reader is there, whatever grows, and leaves everything else where
 * it is. `own`: key of what one said last oneself; one's own words are always gone along with.
 */
export function useScroll(own: string | undefined) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const keptHeight = useRef<number | undefined>(undefined);
  const lastTop = useRef(0);
  const [isAtEnd, setAtEnd] = useState(true);

  const settle = () => {
    const { current } = scroller;
    if (current === null) return;
    const grownPx = current.scrollHeight - (keptHeight.current ?? Infinity);
    if (grownPx > 0) {
      current.scrollTop += grownPx;
      keptHeight.current = undefined;
    } else if (isFollowing.current) current.scrollTop = current.scrollHeight;
    lastTop.current = current.scrollTop;
  };
  const toEnd = () => {
    isFollowing.current = true;
    setAtEnd(true);
    settle();
  };
  useLayoutEffect(settle);
  useLayoutEffect(toEnd, [own]);
  useEffect(() => {
    const observer = new ResizeObserver(settle);
    observer.observe(content.current!);
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, []);
  return {
    scroller,
    content,
    isAtEnd,
    toEnd,
    moved: () => {
      const { scrollHeight, scrollTop, clientHeight } = scroller.current!;
      const isNear = scrollHeight - scrollTop - clientHeight < NEAR_PX;
      // Only who goes up leaves: what grew since the last scroll has moved the end, not its reader.
      if (isNear) isFollowing.current = true;
      else if (scrollTop < lastTop.current) isFollowing.current = false;
      lastTop.current = scrollTop;
      setAtEnd(isFollowing.current);
    },
    /** What comes next comes above; the returned function says that nothing does. */
    keepPlace: () => {
      keptHeight.current = scroller.current!.scrollHeight;
      isFollowing.current = false;
      return () => void (keptHeight.current = undefined);
    },
  };
}
