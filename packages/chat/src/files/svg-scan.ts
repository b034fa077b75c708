import { ChatError } from "@warren/wire";

type State =
  | "text"
  | "open"
  | "close"
  | "bang"
  | "doctype"
  | "comment"
  | "cdata"
  | "instruction"
  | "tag"
  | "attribute"
  | "equals"
  | "value";

/** Elements that run something or load a document, under whatever prefix. */
const RUNS = new Set(["script", "iframe", "object", "embed", "handler", "listener", "applet"]);
const BAD_VALUE = /javascript:|vbscript:|livescript:|data:text\/html|data:[a-z/+]*xml/;
/** Of a longer value only its last signs, as read, are kept: pictures within an SVG are values. */
const MOST_VALUE = 8_192;
const KEPT_VALUE = 256;
const MOST_NAME = 256;

/**
 * Reads an SVG sign by sign and refuses what would run if a browser opened it by itself: scripts, event
 * handlers, `javascript:` in any value (also written with character references), style sheets that
 * transform it, entities, which could spell any of these. Text between tags is text, whatever it says.
 * The document is never held.
 */
export class SvgScan {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #state: State = "text";
  /** Name, keyword or end that is being read. */
  #read = "";
  #value = "";
  #quote = "";

  /** Throws a ChatError at the first thing that is refused. */
  write(bytes: Uint8Array): void {
    for (const sign of this.#decoded(bytes, true)) this.#step(sign);
  }

  end(): void {
    for (const sign of this.#decoded(new Uint8Array(), false)) this.#step(sign);
    if (this.#state !== "text") refuse("it is cut short");
  }

  #decoded(bytes: Uint8Array, stream: boolean): string {
    try {
      return this.#decoder.decode(bytes, { stream });
    } catch {
      return refuse("it is not in UTF-8");
    }
  }

  #step(sign: string): void {
    switch (this.#state) {
      case "text":
        if (sign === "<") this.#become("open");
        return;
      case "open":
        return this.#open(sign);
      case "bang":
        return this.#bang(sign);
      case "close":
        if (sign === ">") this.#become("text");
        return;
      case "doctype":
        if (sign === "[") refuse("it declares entities");
        if (sign === ">") this.#become("text");
        return;
      case "comment":
        return this.#until("-->", sign);
      case "cdata":
        return this.#until("]]>", sign);
      case "instruction":
        return this.#instruction(sign);
      case "tag":
        return this.#tag(sign);
      case "attribute":
        return this.#attribute(sign);
      case "equals":
        return this.#equals(sign);
      case "value":
        return this.#inValue(sign);
    }
  }

  #become(state: State): void {
    this.#state = state;
    this.#read = "";
  }

  #open(sign: string): void {
    if (this.#read === "" && sign === "!") return this.#become("bang");
    if (this.#read === "" && sign === "?") return this.#become("instruction");
    if (this.#read === "" && sign === "/") return this.#become("close");
    if (!isEnd(sign) && sign !== ">" && sign !== "/") return this.#grow(sign);
    const name = this.#read.toLowerCase();
    if (RUNS.has(name.slice(name.lastIndexOf(":") + 1))) refuse("it holds scripts");
    this.#become(sign === ">" ? "text" : "tag");
  }

  #bang(sign: string): void {
    this.#grow(sign);
    if (this.#read === "--") return this.#become("comment");
    if (this.#read === "[CDATA[") return this.#become("cdata");
    if ("--".startsWith(this.#read) || "[CDATA[".startsWith(this.#read)) return;
    this.#become(sign === ">" ? "text" : "doctype");
  }

  #until(end: string, sign: string): void {
    this.#read = (this.#read + sign).slice(-end.length);
    if (this.#read === end) this.#become("text");
  }

  #instruction(sign: string): void {
    this.#grow(sign);
    if (!this.#read.endsWith("?>")) return;
    const said = this.#read.toLowerCase();
    if (said.startsWith("xml-stylesheet")) refuse("it loads a style sheet");
    const encoding = /^xml\s[^]*encoding\s*=\s*["']([^"']*)/.exec(said)?.[1] ?? "utf-8";
    if (!["utf-8", "utf8", "us-ascii"].includes(encoding)) refuse("it is not in UTF-8");
    this.#become("text");
  }

  #tag(sign: string): void {
    if (isEnd(sign) || sign === "/") return;
    if (sign === ">") return this.#become("text");
    this.#become("attribute");
    this.#read = sign;
  }

  #attribute(sign: string): void {
    if (sign !== "=" && !isEnd(sign)) {
      if (sign === ">" || sign === "<") refuse("it is no XML");
      return this.#grow(sign);
    }
    const name = this.#read.toLowerCase();
    if (name.slice(name.lastIndexOf(":") + 1).startsWith("on")) refuse("it holds event handlers");
    this.#become("equals");
    this.#read = sign;
  }

  /** XML 1.0 §2.3: a value is always there, and in quotes. */
  #equals(sign: string): void {
    if (isEnd(sign)) return;
    if (sign === "=" && this.#read !== "=") {
      this.#read = "=";
      return;
    }
    if (this.#read !== "=" || (sign !== '"' && sign !== "'")) refuse("it is no XML");
    this.#quote = sign;
    this.#value = "";
    this.#become("value");
  }

  #inValue(sign: string): void {
    const isOver = sign === this.#quote;
    if (!isOver) this.#value += sign;
    if (!isOver && this.#value.length < MOST_VALUE) return;
    // A reference that is not over yet is read with what follows.
    const open = isOver ? "" : (/&[^;&]{0,16}$/.exec(this.#value)?.[0] ?? "");
    const read = plain(this.#value.slice(0, this.#value.length - open.length));
    if (BAD_VALUE.test(read)) refuse("it holds scripts");
    this.#value = read.slice(-KEPT_VALUE) + open;
    if (isOver) this.#become("tag");
  }

  #grow(sign: string): void {
    this.#read += sign;
    if (this.#read.length > MOST_NAME) refuse("it is no SVG that we know");
  }
}

function isEnd(sign: string): boolean {
  return sign === " " || sign === "\t" || sign === "\n" || sign === "\r";
}

/** A value as a browser reads it: references resolved, white space and control characters dropped. */
function plain(value: string): string {
  if (/&#x?0{9}/i.test(value)) refuse("it hides signs");
  return value
    .replaceAll(
      /&#(?:x([\da-f]{1,14})|(\d{1,14}));?/gi,
      (_whole, hex?: string, digits?: string) => {
        const point = hex === undefined ? Number(digits) : Number.parseInt(hex, 16);
        return point <= 0x10ffff ? String.fromCodePoint(point) : "";
      },
    )
    .replaceAll("&colon;", ":")
    .replaceAll(/[\s\p{Cc}\p{Cf}]/gu, "")
    .toLowerCase();
}

function refuse(why: string): never {
  throw new ChatError("INVALID_FILE_TYPE", `the SVG is not accepted: ${why}`);
}
