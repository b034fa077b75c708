import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { IconButton } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";
import "./menu.css";

export interface MenuItem {
  label: string;
  icon: IconName;
  isDangerous?: boolean;
  onChoose: () => void;
}

export interface MenuProps {
  label: string;
  items: readonly MenuItem[];
  /** What opens it; three dots unless set. */
  children?: ComponentChildren;
}

/** A menu button (WAI-ARIA practices): arrows, Home and End move, Escape closes and gives the focus back. */
export function Menu({ label, items, children }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const close = (isBack: boolean) => {
    setOpen(false);
    if (isBack) root.current?.querySelector<HTMLElement>(".icon-button")?.focus();
  };
  useOpened(isOpen, root, () => setOpen(false));
  return (
    <div class="menu" ref={root}>
      <IconButton
        label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {children ?? <Icon name="more" />}
      </IconButton>
      {isOpen && (
        <div
          class="menu-list"
          role="menu"
          id={id}
          aria-label={label}
          onKeyDown={(event) => press(event, choicesIn(root), close)}
        >
          {items.map((item) => (
            <Choice key={item.label} item={item} onChosen={() => close(true)} />
          ))}
        </div>
      )}
    </div>
  );
}

function Choice({ item, onChosen }: { item: MenuItem; onChosen: () => void }) {
  const choose = () => {
    onChosen();
    item.onChoose();
  };
  return (
    <button
      type="button"
      role="menuitem"
      class={item.isDangerous === true ? "menu-item menu-danger" : "menu-item"}
      onClick={choose}
    >
      <Icon name={item.icon} />
      {item.label}
    </button>
  );
}

function choicesIn(root: RefObject<HTMLDivElement | null>): HTMLElement[] {
  return [...(root.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
}

/** The first choice has the focus; a press beside the menu closes it. */
function useOpened(
  isOpen: boolean,
  root: RefObject<HTMLDivElement | null>,
  close: () => void,
): void {
  useEffect(() => {
    if (!isOpen) return;
    choicesIn(root)[0]?.focus();
    const away = ({ target }: Event) => {
      if (!root.current?.contains(target as Node)) close();
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [isOpen]);
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

function press(
  event: KeyboardEvent,
  all: readonly HTMLElement[],
  close: (isBack: boolean) => void,
): void {
  const at = all.findIndex((one) => one === document.activeElement);
  const step = STEPS[event.key];
  if (event.key === "Tab") return close(false);
  if (event.key === "Escape") close(true);
  else if (event.key === "Home") all[0]?.focus();
  else if (event.key === "End") all.at(-1)?.focus();
  else if (step !== undefined) all.at((at + step) % all.length)?.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}
