import type { MatchingPath } from "../src/routes/host-table.ts";

/** A plain reading of a target's path, to test what is built on it. */
export function readPath(target: string): MatchingPath {
  const raw = target.split("?", 1)[0]!;
  if (!raw.startsWith("/")) return { path: raw, ambiguous: false };
  const decoded = raw.replace(/%([0-9A-Fa-f]{2})/g, (escape: string, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
  });
  const path = withoutDots(decoded);
  return { path, ambiguous: path !== decoded || /%2F|%5C|\\/.test(decoded) };
}

function withoutDots(path: string): string {
  const kept: string[] = [];
  const elements = path.split("/").slice(1);
  for (const [at, element] of elements.entries()) {
    if (element === "..") kept.pop();
    else if (element !== ".") kept.push(element);
    if (element.startsWith(".") && /^\.\.?$/.test(element) && at === elements.length - 1) {
      kept.push("");
    }
  }
  return `/${kept.join("/")}`;
}
