import type { ServerFrame, RunState as WireRun } from "@warren/wire";
import type { Passing } from "../live/room.ts";
import type { Said } from "../log/said.ts";
import type { RunState } from "../runs/run-event.ts";
import type { Place } from "../sessions/help-queue.ts";
import { wireEntryOf } from "./wire-entry-of.ts";

/** How what happens in a session is said to one client. */
export interface Presenter {
  /** Ready frames, as text: what goes to many is written once. `isOwn`: this socket sent it. */
  said(said: Said, isOwn: boolean): readonly string[];
  passing(sessionId: string, event: Passing): readonly string[];
}

/** Frames for clients that said `hello`. The same text serves all who may see the same. */
export class EntryPresenter implements Presenter {
  readonly #isAdmin: boolean;

  constructor(isAdmin: boolean) {
    this.#isAdmin = isAdmin;
  }

  said(said: Said): readonly string[] {
    const known = this.#isAdmin ? FOR_ADMINS : FOR_USERS;
    let text = known.get(said);
    if (text === undefined) {
      const entry = wireEntryOf(said, this.#isAdmin);
      text = JSON.stringify({ type: "entry", session_id: said.entry.sessionId, entry });
      known.set(said, text);
    }
    return [text];
  }

  passing(sessionId: string, event: Passing): readonly string[] {
    const isPresence = event.kind === "presence";
    if (isPresence && !this.#isAdmin && !event.isNewsToUsers) return [];
    const known = isPresence && this.#isAdmin ? PASSING_TO_ADMINS : PASSING;
    let text = known.get(event);
    if (text === undefined) {
      text = JSON.stringify(passingFrame(sessionId, event, this.#isAdmin));
      known.set(event, text);
    }
    return [text];
  }
}

const FOR_USERS = new WeakMap<Said, string>();
const FOR_ADMINS = new WeakMap<Said, string>();
const PASSING = new WeakMap<Passing, string>();
/** Of what they see more than users. */
const PASSING_TO_ADMINS = new WeakMap<Passing, string>();

export function wireRunOf(run: RunState): WireRun {
  return {
    run_id: run.runId,
    message_id: run.messageId,
    reply_to: run.replyTo,
    model_id: run.modelId,
    attempt: run.attempt,
    control_epoch: run.controlEpoch,
    at: 0,
    text: run.text,
  };
}

function passingFrame(session_id: string, passing: Passing, isAdmin: boolean): ServerFrame {
  switch (passing.kind) {
    case "typing": {
      const { sender, name, isOn } = passing;
      return { type: "typing", session_id, sender, ...(name !== undefined && { name }), on: isOn };
    }
    case "presence": {
      const { isUserHere, isAdminHere, admins } = isAdmin ? passing.forAdmins : passing.forUsers;
      return {
        type: "presence",
        session_id,
        user_online: isUserHere,
        admin_online: isAdminHere,
        ...(admins.length > 0 && { admins: [...admins] }),
      };
    }
    case "queue":
      return queueFrame(session_id, passing.place);
    case "run":
      return runFrame(session_id, passing.event);
  }
}

/** Position 0: it waits no more. */
export function queueFrame(session_id: string, place: Place | undefined): ServerFrame {
  if (place === undefined) return { type: "queue", session_id, position: 0, waiting: 0 };
  const { position, waiting, sinceMs } = place;
  return { type: "queue", session_id, position, waiting, since: new Date(sinceMs).toISOString() };
}

function runFrame(
  session_id: string,
  event: Extract<Passing, { kind: "run" }>["event"],
): ServerFrame {
  const { run } = event;
  const of = { session_id, run_id: run.runId };
  switch (event.type) {
    case "start":
      return { type: "run_start", session_id, run: wireRunOf(run) };
    case "delta": {
      const { at, text } = event;
      return { type: "run_delta", ...of, attempt: run.attempt, at, text };
    }
    case "end": {
      const { status, why } = event;
      return { type: "run_end", ...of, status, ...(why !== undefined && { why }) };
    }
  }
}
