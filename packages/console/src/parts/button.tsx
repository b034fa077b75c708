import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import "./button.css";

export interface ButtonProps extends Omit<ButtonHTMLAttributes, "icon"> {
  kind?: "primary" | "plain" | "quiet" | "danger";
  isWide?: boolean;
  isSmall?: boolean;
  /** Waits for what it began. */
  isBusy?: boolean;
  children?: ComponentChildren;
}

export function Button({
  kind = "plain",
  isWide,
  isSmall,
  isBusy,
  class: more,
  ...rest
}: ButtonProps) {
  const names = ["button", `button-${kind}`];
  if (isWide === true) names.push("button-wide");
  if (isSmall === true) names.push("button-small");
  if (typeof more === "string") names.push(more);
  return (
    <button
      type="button"
      {...rest}
      class={names.join(" ")}
      aria-busy={isBusy === true ? "true" : undefined}
      disabled={rest.disabled === true || isBusy === true}
    />
  );
}

export interface IconButtonProps extends ButtonProps {
  /** What it does: it has no text to say so. */
  label: string;
}

export function IconButton({ label, class: more, ...rest }: IconButtonProps) {
  const name = `icon-button ${typeof more === "string" ? more : ""}`;
  return <Button kind="quiet" {...rest} class={name} aria-label={label} title={label} />;
}
