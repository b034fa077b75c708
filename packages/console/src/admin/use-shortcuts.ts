import { useEffect, useRef } from "preact/hooks";

export interface Shortcuts {
  close: () => void;
  /** The tab at a place, from 0. */
  tab: (at: number) => void;
}

/** What keys do anywhere on the desk, but where somebody types. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  current.current = shortcuts;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("dialog[open]") !== null) return;
      const typing = typingIn(event);
      // Out of a field first; what is open closes with the next.
      if (typing !== undefined) return event.key === "Escape" ? typing.blur() : undefined;
      if (!act(event.key, current.current)) return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function act(key: string, { close, tab }: Shortcuts): boolean {
  if (key === "Escape") close();
  else if (key === "j") step(1);
  else if (key === "k") step(-1);
  else if (key === "/") document.querySelector<HTMLInputElement>("[data-find]")?.focus();
  else if (/^[1-4]$/.test(key)) tab(Number(key) - 1);
  else return false;
  return true;
}

/** To the next of the rows that open something. */
function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[at === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
}

/** Also inside of what keeps its elements to itself. */
function typingIn(event: KeyboardEvent): HTMLElement | undefined {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return undefined;
  const isField = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  return isField ? target : undefined;
}
