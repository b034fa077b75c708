import { mkdirSync, mkdtempDisposableSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FolderError, isReadableFolder, makeFolder } from "./folder.ts";

function house() {
  const folder = mkdtempDisposableSync(join(tmpdir(), "warren-folder-"));
  const at = (name: string) => join(folder.path, name);
  writeFileSync(at("file"), "");
  mkdirSync(at("there"));
  symlinkSync("there", at("link"));
  symlinkSync("nowhere", at("dangling"));
  return { at, [Symbol.dispose]: () => folder.remove() };
}

test("a folder is made with those above it, for those who may, and left as it is when it is there", () => {
  using home = house();
  makeFolder(home.at("a/b/c"), 0o700);
  expect(statSync(home.at("a/b/c")).mode & 0o777).toBe(0o700);
  expect(statSync(home.at("a")).mode & 0o777).toBe(0o700);
  makeFolder(home.at("a/b/c"));
  makeFolder(home.at("link/x"));
  makeFolder(home.at("link"));
  expect(statSync(home.at("a/b/c")).mode & 0o777).toBe(0o700);
  expect(statSync(home.at("there/x")).isDirectory()).toBe(true);
});

test.each([
  { name: "a file", path: "file", want: "it is a file, no folder" },
  { name: "below a file", path: "file/x/y", want: "a part of this path is no folder" },
  { name: "a name of 300 letters", path: "x".repeat(300), want: "its name is too long" },
])("none is made where $name is", ({ path, want }) => {
  using home = house();
  const made = () => makeFolder(home.at(path));
  expect(made).toThrow(FolderError);
  expect(made).toThrow(`${home.at(path)}: ${want}`);
});

test("what is read later must be a folder, or have a place to come into being", async () => {
  using home = house();
  const look = (path: string) => isReadableFolder(home.at(path));
  expect(await look("there")).toBe(true);
  expect(await look("link")).toBe(true);
  expect(await look("late")).toBe(false);
  await expect(look("file")).rejects.toThrow("it is a file, no folder");
  await expect(look("file/keys")).rejects.toThrow("a part of this path is no folder");
  await expect(look("missing/keys")).rejects.toThrow("neither it nor ");
});
