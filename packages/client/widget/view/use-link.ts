import { useEffect, useRef, useState } from "preact/hooks";
import { useUi } from "./ui.ts";

/** A link to a file, and what is done about one that is good no more. */
export interface GoodLink {
  readonly link: string;
  /** Counts the links that were asked for because one failed: the same may come again, and be good. */
  readonly tries: number;
  /** It could not be loaded: another one is asked for, once until one works. */
  readonly failed: () => void;
  readonly worked: () => void;
  /** Somebody follows it: where it has expired another one is opened in its place. */
  readonly opened: (event: MouseEvent) => void;
}

/** Links end: those kept on this device, and those of a page that stays open for long. */
export function useLink(fileUrl: string): GoodLink {
  const { conversation } = useUi();
  const { state } = conversation.session;
  const [{ link, tries }, setGood] = useState(() => ({
    link: conversation.address(fileUrl),
    tries: 0,
  }));
  const isTried = useRef(false);
  const isGone = useRef(false);
  useEffect(() => () => void (isGone.current = true), []);
  const renew = async (more: number) => {
    const fresh = await conversation.freshLink(fileUrl);
    if (!isGone.current) setGood((was) => ({ link: fresh, tries: was.tries + more }));
    return fresh;
  };
  useEffect(() => {
    if (state !== "live") return;
    const given = conversation.address(fileUrl);
    if (!conversation.isExpired(given)) {
      setGood((was) => (was.link === given ? was : { ...was, link: given }));
    } else if (conversation.isExpired(link)) void renew(0);
  }, [fileUrl, state]);
  return {
    link,
    tries,
    failed() {
      if (isTried.current) return;
      isTried.current = true;
      void renew(1);
    },
    worked: () => void (isTried.current = false),
    opened(event) {
      if (!conversation.isExpired(link)) return;
      event.preventDefault();
      void renew(0).then((fresh) => window.open(fresh, "_blank", "noopener,noreferrer"));
    },
  };
}
