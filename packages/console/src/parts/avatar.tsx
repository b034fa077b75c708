import "./avatar.css";

const HUES = 6;

/** Initials on a colour that is the same wherever this name is. */
export function Avatar({ name, size = 32 }: { name: string; size?: number }) {
  const words = name
    .replace(/^guest:/, "Guest ")
    .split(/[\s._@-]+/)
    .filter(Boolean);
  const initials = words.slice(0, 2).map((word) => word.slice(0, 1).toUpperCase());
  return (
    <span
      class={`avatar avatar-${hueOf(name)}`}
      style={{ width: `${size}px`, height: `${size}px`, fontSize: `${Math.round(size * 0.38)}px` }}
      aria-hidden="true"
    >
      {initials.join("")}
    </span>
  );
}

function hueOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9_973;
  return sum % HUES;
}
