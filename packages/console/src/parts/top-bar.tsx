import type { ComponentChildren } from "preact";
import type { Inside } from "../account/gate.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { Mark } from "./mark.tsx";
import "./top-bar.css";

export interface TopBarProps {
  inside: Inside;
  title: string;
  /** Between the title and the account. */
  children?: ComponentChildren;
}

export function TopBar({ inside, title, children }: TopBarProps) {
  return (
    <header class="top-bar">
      <Mark />
      <span class="top-bar-title">{title}</span>
      <div class="top-bar-middle">{children}</div>
      <AccountMenu inside={inside} />
    </header>
  );
}
