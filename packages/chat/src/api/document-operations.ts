import * as v from "valibot";
import { ok, type Operation, type Operations } from "../documents/operation.ts";

const document = (summary: string): Operation => ({
  summary,
  audience: "everybody",
  parameters: {},
  body: undefined,
  answers: ok("The document.", v.object({})),
  errors: [],
});

export const documentOperations: Operations = {
  "GET /asyncapi.json": document("The frames of the WebSockets, as AsyncAPI 3."),
  "GET /openapi.json": document("This document."),
};
