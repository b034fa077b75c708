import { useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { Avatar } from "./avatar.tsx";
import { Menu, type MenuItem } from "./menu.tsx";
import { chooseTheme, chosenTheme, type Theme } from "./theme.ts";

const THEMES: readonly { theme: Theme; label: string; icon: MenuItem["icon"] }[] = [
  { theme: "system", label: "Theme: as the system", icon: "screen" },
  { theme: "light", label: "Theme: light", icon: "sun" },
  { theme: "dark", label: "Theme: dark", icon: "moon" },
];

/** Who is at this page, and how it looks to them. */
export function AccountMenu({ inside: { account, signOut } }: { inside: Inside }) {
  const [chosen, setChosen] = useState(chosenTheme);
  const themes = THEMES.filter(({ theme }) => theme !== chosen).map(({ theme, ...item }) => ({
    ...item,
    onChoose: () => {
      chooseTheme(theme);
      setChosen(theme);
    },
  }));
  const items = [...themes, { label: "Sign out", icon: "leave", onChoose: signOut } as const];
  return (
    <Menu label={`Account of ${account.name}`} items={items}>
      <Avatar name={account.name} />
    </Menu>
  );
}
