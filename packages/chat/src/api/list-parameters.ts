import * as v from "valibot";
import type { Operation, Parameter } from "../documents/operation.ts";
import { SORTS } from "../sessions/ports.ts";

export const text = v.optional(v.string());
const flag = v.optional(v.picklist(["true", "false"]));
export const count = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)));

export const query = (description: string, schema: v.GenericSchema): Parameter => ({
  in: "query",
  description,
  schema,
});
export const TIME = "RFC 3339 with a zone, or a day like 2026-01-31, in UTC and whole.";

/** Of every list of sessions. */
export const FILTERS: Operation["parameters"] = {
  status: query("active, ended or all.", v.optional(v.picklist(["active", "ended", "all"]))),
  admin_assisted: query("Whether a person has answered in it.", flag),
  help_requested: query("Whether it waits for a person.", flag),
  start_time_from: query(`Begun at this time or later; start_time too. ${TIME}`, text),
  start_time_to: query(`Begun at this time or before; end_time too. ${TIME}`, text),
  sort_by: query("What the list is sorted by.", v.optional(v.picklist(SORTS), "start_time")),
  sort_order: query("asc or desc.", v.optional(v.picklist(["asc", "desc"]), "desc")),
  limit: query("Rows of a page, at most 1,000.", count),
  offset: query("Rows to leave out, at most 10,000: beyond, go on with cursor.", count),
  cursor: query("next_cursor of the page before.", text),
};
