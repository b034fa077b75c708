import { printable } from "./table.ts";

/** JSON as an indented list, for people: `key  value`, lists with dashes. */
export function outline(value: unknown, indent = ""): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return `${indent}none`;
    return value.map((item) => `${indent}- ${outline(item, `${indent}  `).trimStart()}`).join("\n");
  }
  if (typeof value !== "object" || value === null) return `${indent}${scalar(value)}`;
  const entries = Object.entries(value).filter(([, held]) => held !== undefined && held !== null);
  const width = Math.max(
    0,
    ...entries.filter(([, held]) => !isNested(held)).map(([key]) => key.length),
  );
  return entries
    .map(([key, held]) =>
      isNested(held)
        ? `${indent}${printable(key)}\n${outline(held, `${indent}  `)}`
        : `${indent}${printable(key).padEnd(width)}  ${scalar(held)}`,
    )
    .join("\n");
}

function isNested(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) || !value.every((item) => typeof item !== "object");
}

function scalar(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(scalar).join(", ");
  return typeof value === "string" ? printable(value) : String(value);
}
