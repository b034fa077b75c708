import { describe, test } from "vitest";
import { BEHIND_FACTS } from "./_behind-facts.ts";
import { folder, openStore } from "./_sqlite-kit.ts";

describe("rows behind their logs in SQLite", () => {
  test.each(BEHIND_FACTS)("$name", async ({ holds }) => {
    await using place = await folder();
    await using store = await openStore(place.file);
    await holds({ ...store, settle: () => {} });
  });
});
