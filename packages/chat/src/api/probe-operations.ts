import * as v from "valibot";
import { ok, type Operation, type Operations } from "../documents/operation.ts";

const time = v.pipe(v.string(), v.isoTimestamp());
const Health = v.strictObject({ status: v.literal("healthy"), timestamp: time });
const word = v.picklist(["ready", "not ready"]);
const Readiness = v.strictObject({
  status: word,
  timestamp: time,
  /** By dependency: the store as `mongodb` whichever it is (and as `store`, where it is a folder), and `llm`. A model that is away does not make the service not ready: people can answer. */
  checks: v.record(
    v.string(),
    v.object({
      status: word,
      reason: v.optional(v.string()),
      providers_count: v.optional(v.pipe(v.number(), v.integer())),
    }),
  ),
});

const health: Operation = {
  summary: "Whether the process is alive. Never limited.",
  audience: "everybody",
  parameters: {},
  body: undefined,
  answers: ok("It is.", Health),
  errors: [],
};
const metrics: Operation = {
  summary: "Metrics for Prometheus, for direct peers of the allowed networks.",
  audience: "network",
  parameters: {},
  body: undefined,
  answers: {
    200: {
      description: "All metrics of this instance.",
      body: { media: "text/plain", description: "The text format of Prometheus." },
    },
  },
  errors: [],
};

export const probeOperations: Operations = {
  "GET /healthz": health,
  "GET /readyz": {
    summary: "Whether this instance may get requests. Never limited.",
    audience: "everybody",
    parameters: {},
    body: undefined,
    answers: {
      ...ok("It may.", Readiness),
      503: { description: "It may not, and why.", body: { json: Readiness } },
    },
    errors: [],
  },
  "GET /metrics/prometheus": metrics,
};

/** Beside the prefix. */
export const rootProbeOperations: Operations = {
  "GET /health": health,
  "GET /metrics": metrics,
};
