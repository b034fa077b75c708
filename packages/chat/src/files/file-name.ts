import { ChatError } from "@warren/wire";

/** File systems take 255 bytes; so does `file_id` (messages of the dialect). */
const MOST_NAME_BYTES = 255;

/** Opened by a double click on some system, these run. Content of theirs may look like plain text. */
const RUNS = new Set(
  "exe bat cmd com scr vbs vbe js jse mjs wsf wsh hta msi msp jar sh bash bin app ps1 psm1 pif lnk reg cpl dll url scf command desktop".split(
    " ",
  ),
);
/** Of those, what honest names hold in their middle: `example.com.pdf`, `jquery.js.txt`, `my.app.doc`. */
const HONEST_IN_THE_MIDDLE = new Set("com js mjs sh bin app url reg command desktop".split(" "));
/** A browser runs what is in these. They are saved under their name, so their content must be theirs. */
const PAGES = new Set("html htm xhtml xht shtml mht mhtml xml xsl xslt".split(" "));

/**
 * The name under which a file is stored, or a ChatError: no path, no control characters (also those that
 * turn the direction of writing, which make `exe` look like `pdf`), nothing that runs by its extension,
 * alone or before another one. Two dots in a row are a name like any other.
 */
export function checkedName(said: string): string {
  const name = said.normalize("NFC").trim();
  if (name === "" || name === "." || name === "..") refuse("is empty");
  if (Buffer.byteLength(name) > MOST_NAME_BYTES) refuse("is too long");
  if (!name.isWellFormed()) refuse("is no text");
  if (/[/\\]/.test(name)) refuse("holds a path");
  if (/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(name)) {
    refuse("holds control characters");
  }
  const extensions = extensionsOf(name);
  const last = extensions.at(-1) ?? "";
  const middle = extensions.slice(0, -1);
  if (RUNS.has(last)) refuse(`ends in .${last}, which runs`);
  if (PAGES.has(last)) refuse(`ends in .${last}, which browsers run`);
  const hidden = middle.find((part) => RUNS.has(part) && !HONEST_IN_THE_MIDDLE.has(part));
  if (hidden !== undefined) refuse(`holds .${hidden}, which runs`);
  return name;
}

function refuse(why: string): never {
  throw new ChatError("INVALID_FILE_TYPE", `the file's name ${why}`);
}

/** `pdf` of `Report.PDF`; empty where there is none. */
export function extensionOf(name: string): string {
  return extensionsOf(name).at(-1) ?? "";
}

/** Windows drops dots and spaces at the end of a name. */
function extensionsOf(name: string): string[] {
  const [, ...parts] = name
    .toLowerCase()
    .replace(/[. ]+$/, "")
    .split(".");
  return parts.map((part) => part.trim());
}
