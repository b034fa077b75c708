import * as v from "valibot";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const time = v.pipe(v.string(), v.isoTimestamp());
const id = v.string();

/** A session in a list; times are RFC 3339, durations seconds, response times milliseconds. */
export const SessionSummary = v.strictObject({
  id,
  session_id: id,
  user_id: v.string(),
  /** "" until something was said. */
  name: v.string(),
  last_activity: time,
  message_count: count,
  admin_assisted: v.boolean(),
  start_time: time,
  end_time: v.optional(time),
  is_active: v.boolean(),
  duration: count,
  total_tokens: count,
  max_response_time: count,
  avg_response_time: count,
  help_requested: v.boolean(),
  help_since: v.optional(time),
  queue_position: v.optional(v.number()),
  waiting_ms: v.optional(v.number()),
  model_id: v.optional(v.string()),
  share_token: v.optional(v.string()),
  assisting_admin_id: v.optional(v.string()),
  assisting_admin_name: v.optional(v.string()),
});

/** A message as it stands, after edits and deletions. */
export const SessionMessage = v.strictObject({
  id,
  type: v.picklist(["text", "file", "voice"]),
  content: v.string(),
  timestamp: time,
  sender: v.picklist(["user", "ai", "admin", "system"]),
  name: v.optional(v.string()),
  file_id: v.optional(v.string()),
  file_url: v.optional(v.string()),
  metadata: v.optional(v.record(v.string(), v.string())),
  reply_to: v.optional(id),
  model_id: v.optional(v.string()),
  /** Of an answer: only `complete` is all that it had to say. */
  status: v.optional(v.picklist(["complete", "stopped", "interrupted", "superseded"])),
  edited: v.optional(v.boolean()),
  deleted: v.optional(v.boolean()),
  is_note: v.optional(v.boolean()),
  /** Who reacted, by emoji. */
  reactions: v.optional(v.record(v.string(), v.array(v.string()))),
});

export const SessionList = v.strictObject({
  sessions: v.array(SessionSummary),
  user_id: v.string(),
  count,
  limit: count,
  total: count,
  truncated: v.boolean(),
  total_capped: v.optional(v.boolean()),
  next_cursor: v.optional(v.string()),
});

export const WholeSession = v.strictObject({
  id,
  session_id: id,
  name: v.string(),
  model_id: v.string(),
  messages: v.array(SessionMessage),
});

export const AdminSessionList = v.strictObject({
  sessions: v.array(SessionSummary),
  count,
  limit: count,
  offset: count,
  /** Exact up to 10,000; `total_capped`: there are more. */
  total: count,
  total_capped: v.optional(v.boolean()),
  next_cursor: v.optional(v.string()),
});

const sums = {
  active_sessions: count,
  total_sessions: count,
  avg_concurrent: v.number(),
  /** Of the fullest hour, on average. */
  max_concurrent: v.number(),
  total_tokens: count,
  total_cost: v.number(),
  avg_response_time: v.number(),
  max_response_time: count,
  admin_assisted_count: count,
};

export const SessionMetricsBody = v.strictObject({
  ...sums,
  metrics: v.strictObject({
    TotalSessions: count,
    ActiveSessions: count,
    TotalTokens: count,
    AvgResponseTime: v.number(),
    MaxResponseTime: count,
    AdminAssistedCount: count,
  }),
  time_range: v.strictObject({ start: time, end: time }),
  /** The same time cut into `points` equal parts. */
  series: v.optional(v.array(v.strictObject({ start: time, end: time, ...sums }))),
});
