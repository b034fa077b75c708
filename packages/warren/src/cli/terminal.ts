import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export type Paint = (style: Style, text: string) => string;

/** Where a command speaks. What it was asked for goes out, all else is a note. */
export interface Terminal {
  /** A line on standard output. */
  out: (line: string) => void;
  /** A line on standard error. */
  note: (line: string) => void;
  /** Colours for either, or the text as it is where colours are not wanted. */
  paintOut: Paint;
  paintNote: Paint;
}

interface Channel {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** Colours only on a terminal, and when NO_COLOR (no-color.org) is unset or empty. */
export function terminal(out: Channel, note: Channel, noColor: boolean): Terminal {
  return {
    out: (line) => void out.write(`${line}\n`),
    note: (line) => void note.write(`${line}\n`),
    paintOut: painter(out, noColor),
    paintNote: painter(note, noColor),
  };
}

function painter({ isTTY = false }: Channel, noColor: boolean): Paint {
  return isTTY && !noColor
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;
}
