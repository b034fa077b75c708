import { ChatError } from "@warren/wire";
import { Hono } from "hono";
import { CloudEventError, readCloudEvent } from "../providers/cloud-event.ts";
import { answerIn, type LateAnswer } from "../providers/function-answers.ts";
import { takePublic, type ApiDeps, type Env } from "./http.ts";
import { readText } from "./request-body.ts";

/** An answer as it is shown has at most this. */
const MOST_BYTES = 1_048_576;

/**
 * Where functions bring their answers (`agent.response`), in both modes of the HTTP binding of CloudEvents. The
 * run's key, which only the function was told, is what lets an answer in. Any instance takes it.
 */
export function eventRoutes(deps: ApiDeps): Hono<Env> {
  const { answers } = deps;
  const routes = new Hono<Env>();
  routes.post("/events", async (c) => {
    c.set("route", "/events");
    // A broker brings all functions' answers from one address: as many as a socket may say.
    await takePublic(c, deps, "frame");
    const header = (name: string) => c.req.header(name);
    const answer = answerOf({ header, body: await readText(c, MOST_BYTES) });
    const status = await answers.receive(answer);
    // Of a run that is over, or never was.
    if (status === "unknown") throw new ChatError("NOT_FOUND", "nobody waits for this answer");
    return c.json({ status }, 202);
  });
  return routes;
}

function answerOf(message: Parameters<typeof readCloudEvent>[0]): LateAnswer {
  try {
    return answerIn(readCloudEvent(message));
  } catch (reason) {
    if (!(reason instanceof CloudEventError)) throw reason;
    throw new ChatError("INVALID_FORMAT", reason.message, { cause: reason });
  }
}
