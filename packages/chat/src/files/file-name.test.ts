import { ChatError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { checkedName, extensionOf } from "./file-name.ts";

describe("a file's name", () => {
  test.each([
    "report.pdf",
    "Grüße aus Köln.txt",
    "wait...what.txt",
    "a..b.pdf",
    "example.com.pdf",
    "my.app.notes.txt",
    "jquery.min.js.txt",
    "v1.2.3.tar.gz",
    ".bashrc",
    "no extension",
    "sinus onload=1.csv",
    "日本語.png",
    "👩‍💻.png",
  ])("%s is kept", (name) => {
    expect(checkedName(name)).toBe(name);
  });

  test("is normalised, so that one name is one name", () => {
    expect(checkedName(" Gru\u0308ße.txt ")).toBe("Grüße.txt");
  });

  test.each([
    { name: "nothing", said: "  " },
    { name: "the folder itself", said: "." },
    { name: "the folder above", said: ".." },
    { name: "a path", said: "../etc/passwd" },
    { name: "a path of Windows", said: "C:\\fakepath\\a.png" },
    { name: "a NUL", said: "a.png\0.exe" },
    { name: "a line break", said: "a\r\nb.png" },
    { name: "a turn of the writing's direction", said: "annual\u202egnp.exe.png" },
    { name: "half a surrogate pair", said: "a\ud800.png" },
    { name: "256 bytes", said: `${"ü".repeat(126)}.png` },
    { name: "a program", said: "setup.exe" },
    { name: "a program in capitals", said: "SETUP.EXE" },
    { name: "a program behind dots and spaces", said: "setup.exe . ." },
    { name: "a program that looks like a document", said: "invoice.pdf.exe" },
    { name: "a document that hides a program", said: "invoice.exe.pdf" },
    { name: "a script", said: "run.js" },
    { name: "a page", said: "page.html" },
    { name: "a page of XML", said: "page.xhtml" },
  ])("with $name is refused", ({ said }) => {
    expect(() => checkedName(said)).toThrow(ChatError);
  });

  test("has an extension, small", () => {
    expect(["a.PDF", "a", "a.tar.gz", "a.png ."].map(extensionOf)).toEqual([
      "pdf",
      "",
      "gz",
      "png",
    ]);
  });
});
