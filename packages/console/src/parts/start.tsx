import { render, type ComponentChild } from "preact";
import "../look/tokens.css";
import "../look/base.css";
import "./field.css";
import { chosenTheme, showTheme } from "./theme.ts";

/** Shows a page. */
export function start(page: ComponentChild): void {
  showTheme(chosenTheme());
  const root = document.querySelector("#page");
  if (root !== null) render(page, root);
}
