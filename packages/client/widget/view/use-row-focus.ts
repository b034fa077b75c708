import { useState } from "preact/hooks";

/**
 * One message of the thread is reached by Tab, the others from there by the arrows (ARIA Authoring Practices,
 * roving tabindex): a long conversation is one stop, and the buttons of one message.
 */
export function useRowFocus(last: string | undefined) {
  const [chosen, setChosen] = useState<string | undefined>();
  return {
    active: chosen ?? last,
    entered: ({ target }: FocusEvent) => {
      const row = (target as Element).closest<HTMLElement>("[data-row]");
      if (row !== null) setChosen(row.dataset["row"]);
    },
    moved: (event: KeyboardEvent) => {
      const row = event.target as HTMLElement;
      if (row.dataset["row"] === undefined) return;
      const to = nextOf(row, event.key);
      if (to === undefined) return;
      event.preventDefault();
      to.focus();
      to.scrollIntoView({ block: "nearest" });
    },
  };
}

function nextOf(row: HTMLElement, key: string): HTMLElement | undefined {
  const rows = [...(row.parentElement?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
  const at = rows.indexOf(row);
  switch (key) {
    case "ArrowUp":
      return rows[at - 1];
    case "ArrowDown":
      return rows[at + 1];
    case "Home":
      return rows[0];
    case "End":
      return rows.at(-1);
    default:
      return undefined;
  }
}
