import { useEffect, useState } from "preact/hooks";

export const TABS = ["conversations", "queue", "figures", "replies"] as const;
export type Tab = (typeof TABS)[number];

/** What an admin looks at: a tab, and a conversation that is open beside it. */
export interface DeskRoute {
  readonly tab: Tab;
  readonly sessionId: string | undefined;
}

/** `#queue/4f…`: it stays over a reload, can be sent to a colleague, and Back closes what is open. */
export function readRoute(hash: string): DeskRoute {
  const [said, sessionId = ""] = hash.replace(/^#/, "").split("/");
  const tab = TABS.find((one) => one === said) ?? "conversations";
  return { tab, sessionId: /^[\w.-]{1,128}$/.test(sessionId) ? sessionId : undefined };
}

export function routeText({ tab, sessionId }: DeskRoute): string {
  return `#${tab}${sessionId === undefined ? "" : `/${sessionId}`}`;
}

export function useRoute(): DeskRoute {
  const [route, setRoute] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const look = () => setRoute(readRoute(location.hash));
    window.addEventListener("hashchange", look);
    return () => window.removeEventListener("hashchange", look);
  }, []);
  return route;
}

export function go(route: DeskRoute): void {
  location.hash = routeText(route);
}
