import { describe, expect, test } from "vitest";
import { HealthBook } from "../src/health.ts";

/** `a+` is a good report of observer a, `b-` a bad one of b, `10` lets ten seconds pass. */
function after(story: string): string {
  const book = new HealthBook({ rise: 2, fall: 3, staleMs: 30_000 });
  let now = 0;
  for (const word of story.split(" ").filter(Boolean)) {
    if (/^\d+$/.test(word)) now += Number(word) * 1_000;
    else book.report("c", word[0]!, word[1] === "+", now);
  }
  return book.healthOf("c", now);
}

describe("health out of several observers", () => {
  test.each([
    { name: "nobody said anything", story: "", want: "up" },
    { name: "two bad reports are not enough", story: "a- a-", want: "up" },
    { name: "three are", story: "a- a- a-", want: "down" },
    { name: "only in a row", story: "a- a- a+ a- a-", want: "up" },
    { name: "one good report is not enough to come back", story: "a- a- a- a+", want: "down" },
    { name: "two are", story: "a- a- a- a+ a+", want: "up" },
    { name: "one of two observers is not a majority", story: "a- a- a- b+", want: "up" },
    { name: "two of three are", story: "a- a- a- b- b- b- c+", want: "down" },
    { name: "a silent observer stops counting", story: "a+ 31 b- b- b-", want: "down" },
    { name: "a stale verdict is no evidence", story: "a- a- a- 31", want: "up" },
    { name: "an observer back from silence starts afresh", story: "a- a- a- 31 a+", want: "up" },
  ])("$name", ({ story, want }) => expect(after(story)).toBe(want));

  test("a report says whether it changed anything, and what is forgotten is up", () => {
    const book = new HealthBook({ rise: 1, fall: 1, staleMs: 1 });
    expect(book.report("c", "a", false, 0)).toBe(true);
    expect(book.report("c", "a", false, 0)).toBe(false);
    book.forget({ observer: "a" });
    expect(book.healthOf("c", 0)).toBe("up");
    book.report("c", "a", false, 0);
    book.forget({ clusterUuid: "c" });
    expect(book.healthOf("c", 0)).toBe("up");
  });
});
