import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Answers } from "./answers.ts";

const run = (given: object = {}) => ({
  run_id: "r",
  message_id: "m",
  reply_to: "q",
  model_id: "demo",
  attempt: 1,
  control_epoch: 0,
  at: 0,
  text: "",
  ...given,
});
const delta = (at: number, text: string, attempt = 1) => ({
  type: "run_delta" as const,
  session_id: "s",
  run_id: "r",
  attempt,
  at,
  text,
});
const textOf = (answers: Answers) => answers.all.map(({ text }) => text);

describe("an answer that is written", () => {
  test("drops what it has, and asks for what it lacks", () => {
    const answers = new Answers();
    answers.start(run({ text: "Hello" }));
    expect(answers.delta(delta(3, "lo, you"))).toBeUndefined();
    expect(answers.delta(delta(0, "Hel"))).toBeUndefined();
    expect(textOf(answers)).toEqual(["Hello, you"]);
    expect(answers.delta(delta(20, "?"))).toBe(10);
    expect(answers.start(run({ at: 10, text: " there again?" }))).toBeUndefined();
    expect(textOf(answers)).toEqual(["Hello, you there again?"]);
  });

  test("of a later attempt replaces that of an earlier one, which is not heard any more", () => {
    const answers = new Answers();
    answers.start(run({ text: "old words" }));
    expect(answers.delta(delta(4, "x", 2))).toBe(0);
    answers.start(run({ attempt: 2, text: "new" }));
    answers.delta(delta(3, " old", 1));
    answers.start(run({ attempt: 1, text: "old words" }));
    expect(textOf(answers)).toEqual(["new"]);
  });

  test("is not shown any more once a person answers", () => {
    const answers = new Answers();
    answers.start(run({ text: "let me" }));
    answers.fence(1);
    answers.start(run({ text: "let me think" }));
    expect(textOf(answers)).toEqual([]);
    answers.start(run({ control_epoch: 1, text: "hi" }));
    expect(textOf(answers)).toEqual(["hi"]);
  });

  test("stays with how it ended until its message is here", () => {
    const answers = new Answers();
    answers.start(run({ text: "a" }));
    answers.end({ type: "run_end", session_id: "s", run_id: "r", status: "interrupted", why: "X" });
    expect(answers.all).toMatchObject([{ status: "interrupted", why: "X", text: "a" }]);
    answers.settle("m");
    expect(answers.all).toEqual([]);
  });

  test("has the service's text in the end, however its parts come", () =>
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 40 }),
        fc.array(fc.tuple(fc.nat(40), fc.nat(8)), { maxLength: 60 }),
        (text, parts) => {
          const answers = new Answers();
          answers.start(run());
          for (const [from, length] of parts) {
            const at = from % text.length;
            answers.delta(delta(at, text.slice(at, at + length)));
            expect(text.startsWith(textOf(answers)[0]!)).toBe(true);
          }
          // What an answer to the question for what is missing brings.
          const { length } = textOf(answers)[0]!;
          answers.start(run({ at: length, text: text.slice(length) }));
          expect(textOf(answers)).toEqual([text]);
        },
      ),
    ));
});
