import * as v from "valibot";
import type { SessionKey } from "../log/entry.ts";
import type { RunEvent } from "../runs/run-event.ts";
import type { Hint } from "./fan-out.ts";

const Run = v.object({
  runId: v.string(),
  messageId: v.string(),
  replyTo: v.string(),
  modelId: v.string(),
  attempt: v.number(),
  controlEpoch: v.number(),
  text: v.string(),
});
const Status = v.picklist(["complete", "stopped", "interrupted", "superseded"]);

const Event = v.variant("kind", [
  v.object({
    kind: v.literal("typing"),
    sender: v.picklist(["user", "admin"]),
    name: v.optional(v.string()),
    isOn: v.boolean(),
  }),
  v.object({
    kind: v.literal("run"),
    event: v.variant("type", [
      v.object({ type: v.literal("start"), run: Run }),
      v.object({ type: v.literal("delta"), run: Run, at: v.number(), text: v.string() }),
      v.object({ type: v.literal("end"), run: Run, status: Status, why: v.optional(v.string()) }),
    ]),
  }),
]);

const Brought = v.object({
  source: v.string(),
  id: v.string(),
  runKey: v.string(),
  text: v.string(),
});
const Taken = v.picklist(["delivered", "duplicate"]);

/** Of another release it may be something else: what is not known is not heard. */
const Told = v.object({
  user: v.string(),
  session: v.string(),
  hint: v.variant("kind", [
    v.object({ kind: v.literal("stored"), origin: v.string(), number: v.number() }),
    v.object({ kind: v.literal("passing"), event: Event }),
    v.object({ kind: v.literal("left"), sinceMs: v.number() }),
    v.object({ kind: v.literal("stop"), runId: v.optional(v.string()) }),
    v.object({ kind: v.literal("answer"), ask: v.string(), answer: Brought }),
    v.object({ kind: v.literal("answered"), ask: v.string(), outcome: Taken }),
  ]),
});

/** JSON of a hint. Of a run's text only what is new goes along. */
export function hintText({ userId: user, sessionId: session }: SessionKey, hint: Hint): string {
  return JSON.stringify({ user, session, hint: brief(hint) });
}

export function readHint(text: string): { key: SessionKey; hint: Hint } | undefined {
  const told = v.safeParse(Told, parse(text));
  if (!told.success) return undefined;
  const { user: userId, session: sessionId, hint } = told.output;
  return { key: { userId, sessionId }, hint: whole(hint) };
}

function brief(hint: Hint): unknown {
  if (hint.kind !== "passing") return hint;
  const { event } = hint;
  if (event.kind === "typing") return { ...hint, event: { ...event, by: undefined } };
  if (event.kind !== "run" || event.event.type === "start") return hint;
  const run = { ...event.event.run, text: "" };
  return { ...hint, event: { ...event, event: { ...event.event, run } } };
}

function whole(hint: v.InferOutput<typeof Told>["hint"]): Hint {
  if (hint.kind === "stop") return { kind: "stop", runId: hint.runId };
  if (hint.kind !== "passing") return hint;
  const { event } = hint;
  switch (event.kind) {
    case "typing":
      return { kind: "passing", event: { ...event, name: event.name, by: undefined } };
    case "run": {
      const of = event.event;
      const run: RunEvent = of.type === "end" ? { ...of, why: of.why } : of;
      return { kind: "passing", event: { kind: "run", event: run } };
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
