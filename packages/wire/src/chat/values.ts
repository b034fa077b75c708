import * as v from "valibot";

/** Sizes of the chat's frames, bytes of UTF-8 where not said otherwise. */
export const CHAT_LIMITS = {
  frame: 1_048_576,
  content: 10_000,
  sessionId: 128,
  fileId: 255,
  fileUrl: 2_048,
  modelId: 100,
  metadataValue: 1_000,
  metadataEntries: 32,
  clientMessageId: 128,
  deviceId: 128,
  emoji: 64,
  /** Sessions of one `resume`. */
  sessions: 100,
  /** Origins of one version vector. */
  origins: 256,
  /** How far a `retransmit` may reach. */
  retransmit: 1_000,
  /** How far ahead of the server a timestamp may be, milliseconds. */
  aheadMs: 60_000,
} as const;

/** Text as people and programs send it: without NULs and outer white space. */
export const text = (bytes: number) =>
  v.pipe(
    v.string(),
    v.transform((said) => said.replaceAll("\0", "").trim()),
    v.maxBytes(bytes),
  );
export const someText = (bytes: number) => v.pipe(text(bytes), v.minLength(1));

/** Absent, null and empty mean the same: clients say all three. */
export const maybe = <const S extends v.GenericSchema>(schema: S) =>
  v.pipe(
    v.optional(v.unknown()),
    v.transform((said) => (said === null || said === "" ? undefined : said)),
    v.optional(schema),
  );

export const count = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER),
);

export const SessionId = someText(CHAT_LIMITS.sessionId);
export const ClientMessageId = someText(CHAT_LIMITS.clientMessageId);
export const MessageId = someText(64);
export const DeviceId = someText(CHAT_LIMITS.deviceId);

const scalar = v.union([v.string(), v.number(), v.boolean()]);
/** Values are text; numbers and truth values are taken for their text. */
export const Metadata = v.pipe(
  v.record(
    v.pipe(v.string(), v.maxBytes(CHAT_LIMITS.fileId)),
    v.pipe(scalar, v.transform(String), v.maxBytes(CHAT_LIMITS.metadataValue)),
  ),
  v.maxEntries(CHAT_LIMITS.metadataEntries),
);

/** RFC 3339; what it says of the future is the server's to judge. */
export const Timestamp = v.pipe(v.string(), v.isoTimestamp());

/** Who has what: of each origin the number up to which nothing is missing. */
export const Versions = v.pipe(
  v.record(v.pipe(v.string(), v.maxBytes(255)), count),
  v.maxEntries(CHAT_LIMITS.origins),
);

export const SenderWord = v.picklist(["user", "ai", "admin", "system"]);
