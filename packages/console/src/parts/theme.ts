export type Theme = "system" | "light" | "dark";

const KEY = "warren-theme";

/** What was chosen on this device, else what the page was told. */
export function chosenTheme(): Theme {
  return themeIn(attempt(() => localStorage.getItem(KEY))) ?? shownTheme();
}

/** What the page shows now. */
export function shownTheme(): Theme {
  return themeIn(document.documentElement.dataset["theme"]) ?? "system";
}

/** Here from now on, and kept where that is allowed. */
export function chooseTheme(theme: Theme): void {
  showTheme(theme);
  attempt(() => {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  });
}

export function showTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

function themeIn(text: string | null | undefined): Theme | undefined {
  return text === "light" || text === "dark" ? text : undefined;
}

/** Storage that is refused is storage that is empty. */
function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}
