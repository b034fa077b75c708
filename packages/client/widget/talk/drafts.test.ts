import { expect, test } from "vitest";
import { Drafts, forgetDrafts } from "./drafts.ts";

/** As the browser's: what is kept are its own keys. */
function tab(): Storage {
  const kept = Object.create({
    getItem: (key: string) => kept[key] ?? null,
    setItem: (key: string, value: string) => void (kept[key] = value),
    removeItem: (key: string) => void delete kept[key],
  });
  return kept as Storage;
}
function draftsOf(storage: Storage, user?: string): Drafts {
  const drafts = new Drafts(storage);
  drafts.setUser(user);
  return drafts;
}

test("what is not begun is the same draft after a reload, and each user's own", () => {
  const storage = tab();
  draftsOf(storage, "ann").set("new-1", "dear all");
  expect(draftsOf(storage, "ann").get("new-2")).toBe("dear all");
  expect(draftsOf(storage, "bob").get("new-2")).toBe("");
  expect(draftsOf(storage).get("new-2")).toBe("");
});

test("what is written before it is known who writes is theirs, and nobody's before", () => {
  const storage = tab();
  const drafts = draftsOf(storage);
  drafts.set("new-1", "quick");
  expect([drafts.get("new-1"), Object.keys(storage)]).toEqual(["quick", []]);
  drafts.setUser("ann");
  expect(drafts.get("new-1")).toBe("quick");
  expect(draftsOf(storage, "ann").get("new-2")).toBe("quick");
});

test("a draft goes along when its conversation gets a name", () => {
  const storage = tab();
  const drafts = draftsOf(storage, "ann");
  drafts.set("new-1", "dear all");
  drafts.rename("new-1", "new-2");
  expect(drafts.get("new-2")).toBe("dear all");
  drafts.rename("new-2", "s1");
  expect([drafts.get("new-3"), drafts.get("s1")]).toEqual(["", "dear all"]);
});

test("a sign-out forgets what is not begun, and nothing else", () => {
  const storage = tab();
  const drafts = draftsOf(storage, "ann");
  drafts.set("new-1", "dear all");
  drafts.set("s1", "dear Ben");
  storage.setItem("other", "of the page");
  forgetDrafts(storage);
  expect([drafts.get("new-1"), drafts.get("s1")]).toEqual(["", "dear Ben"]);
  expect(storage.getItem("other")).toBe("of the page");
});
