/**
 * Control messages: JSON in text WebSocket messages, in the seed's envelope
 * `{type, request_id?, payload?, timestamp}`. They are not sequenced: each is current state, or is
 * acknowledged by `request_id`, and is sent again after a resume (docs/protocol.md §4).
 */
import * as v from "valibot";
import { CODES, isErrorCode, type ErrorCode } from "./errors.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const WORD = 512;
const word = v.pipe(v.string(), v.maxLength(WORD));

export const Place = v.object({
  region: v.optional(word),
  country: v.optional(word),
  latitude: v.optional(v.number()),
  longitude: v.optional(v.number()),
});
export type Place = v.InferOutput<typeof Place>;

export const AnnouncedLimits = v.object({ frame_bytes: count, head_bytes: count, streams: count });

export const Register = v.object({
  /** One process slot: a pod name, or an id minted in the data folder and held by a lock. */
  agent_id: v.pipe(word, v.minLength(1)),
  /** One run of the process: a second tunnel of the same run is no takeover. */
  instance: v.optional(word),
  name: v.optional(word, ""),
  versions: v.object({ agent: word, protocol: v.array(count) }),
  features: v.optional(v.pipe(v.array(word), v.maxLength(64)), []),
  labels: v.optional(v.pipe(v.record(word, word), v.maxEntries(64)), {}),
  place: v.optional(Place, {}),
  limits: v.optional(AnnouncedLimits),
  /** False: it does not know yet what its cluster publishes, and would refuse streams unread. */
  ready: v.optional(v.boolean(), true),
  /** Present when this transport should carry on with a tunnel that exists. */
  resume: v.optional(v.object({ tunnel_id: word, received: count })),
});
export type Register = v.InferOutput<typeof Register>;

export const GatewayAddress = v.object({ id: word, url: word });
export type GatewayAddress = v.InferOutput<typeof GatewayAddress>;

export const RegisterSuccess = v.object({
  /** Same as `cluster_uuid`; the reference names it so and makes it required. */
  cluster_id: word,
  cluster_uuid: word,
  name: word,
  tunnel_id: word,
  /** True when the streams of `resume.tunnel_id` go on; `received` is then where to replay from. */
  resumed: v.boolean(),
  received: count,
  protocol: count,
  features: v.array(word),
  limits: AnnouncedLimits,
  /** This gateway's own address: a resume dials it first. */
  gateway: GatewayAddress,
  /** Every gateway known; an agent keeps tunnels to at least two of them. */
  gateways: v.optional(v.array(GatewayAddress), []),
  heartbeat_interval_ms: count,
  /** How long the gateway waits for a lost transport. */
  resume_ms: count,
  /** Public names that the gateway gives this cluster: custom domains are CNAMEs to one of them. */
  names: v.optional(v.pipe(v.array(word), v.maxLength(16)), []),
});
export type RegisterSuccess = v.InferOutput<typeof RegisterSuccess>;

export const Heartbeat = v.looseObject({
  cluster_id: v.optional(word),
  agent_id: word,
  status: v.optional(v.picklist(["healthy", "reconnecting", "disconnected"]), "healthy"),
  tunnel_status: v.optional(v.picklist(["connected", "disconnected"]), "connected"),
  metadata: v.optional(
    v.looseObject({
      agent_version: v.optional(word),
      is_private: v.optional(v.boolean()),
      gateway_routes: v.optional(count),
      /** As in `register`; absent: as before. */
      ready: v.optional(v.boolean()),
    }),
    {},
  ),
});
export type Heartbeat = v.InferOutput<typeof Heartbeat>;

export const HeartbeatAck = v.object({
  received_at: word,
  /**
   * The revision of the cluster's routes that is in force here; null: none is known. Absent where a gateway
   * does not say.
   */
  revision: v.optional(v.nullable(count)),
});
export type HeartbeatAck = v.InferOutput<typeof HeartbeatAck>;

/**
 * `add`, `update`, `delete`: the seed's message. `sync`: an authoritative snapshot; what it leaves
 * out is removed, an empty one is valid; a large one comes in parts and is applied with the last.
 * Routes are validated one by one, so that one bad route does not lose the others.
 */
export const IngressRoutes = v.object({
  action: v.picklist(["add", "update", "delete", "sync"]),
  cluster_uuid: v.optional(word),
  /** Grows with every message of a cluster; an older one is answered `stale_revision`. */
  revision: v.optional(count),
  part: v.optional(v.object({ index: count, last: v.boolean() })),
  routes: v.array(v.unknown()),
});
export type IngressRoutes = v.InferOutput<typeof IngressRoutes>;

const code = v.pipe(
  v.string(),
  v.transform((said): ErrorCode => (isErrorCode(said) ? said : "internal")),
);
export const IngressRoutesAck = v.object({
  revision: v.optional(count),
  accepted: count,
  rejected: v.array(v.object({ host: word, path: word, code, message: v.optional(word) })),
  /** tcp routes: the public port that each got, by route key. */
  ports: v.optional(v.record(v.string(), count)),
});
export type IngressRoutesAck = v.InferOutput<typeof IngressRoutesAck>;

export const CertificatesAck = v.object({
  accepted: count,
  rejected: v.pipe(
    v.array(v.object({ name: word, code, message: v.optional(word) })),
    v.maxLength(2_000),
  ),
  /** To a `sync`: those to be put. */
  missing: v.optional(v.pipe(v.array(word), v.maxLength(2_000)), []),
});
export type CertificatesAck = v.InferOutput<typeof CertificatesAck>;

/** Longest PEM text of a certificate chain, and of its key, characters. */
export const CERTIFICATE_TEXT = 65_536;
/** Certificates that one cluster may have at a gateway. */
export const MOST_CERTIFICATES = 1_000;
const pem = v.pipe(v.string(), v.maxLength(CERTIFICATE_TEXT));
const certificateName = v.pipe(word, v.minLength(1));
const certificateNames = v.pipe(v.array(certificateName), v.maxLength(MOST_CERTIFICATES));

/** A certificate for hosts that its cluster publishes. The key is a secret: never logged. */
export const PublishedCertificate = v.object({
  /** The cluster's own name for it, like `namespace/secret`. */
  name: certificateName,
  /** Hosts that it should answer for; those that the cluster may not have are left out. */
  hosts: v.pipe(v.array(word), v.minLength(1), v.maxLength(100)),
  cert: pem,
  key: pem,
});
export type PublishedCertificate = v.InferOutput<typeof PublishedCertificate>;

/**
 * `sync`: all that the cluster has, by name and digest; others are removed, and the answer says
 * which are missing. `put`: one or several whole. `remove`: by name. Only where the feature
 * `certificates` is in force.
 */
export const Certificates = v.variant("action", [
  v.object({
    action: v.literal("sync"),
    certificates: v.pipe(
      v.array(v.object({ name: certificateName, digest: word })),
      v.maxLength(MOST_CERTIFICATES),
    ),
  }),
  v.object({
    action: v.literal("put"),
    certificates: v.pipe(v.array(PublishedCertificate), v.maxLength(16)),
  }),
  v.object({ action: v.literal("remove"), names: certificateNames }),
]);
export type Certificates = v.InferOutput<typeof Certificates>;

export const Drain = v.object({
  /** Milliseconds until what is left is closed. */
  deadline_ms: count,
  /** Reconnect slot given to this peer, so that a restart is no stampede. */
  reconnect_after_ms: v.optional(count, 0),
});
/**
 * Between gateways: those of the tunnels in which the reader's streams go on whose agents are away now.
 * All of them each time, by id.
 */
export const Away = v.object({ tunnels: v.array(word) });
export const ErrorMessage = v.object({
  code,
  message: v.optional(word, ""),
  retry_after_ms: v.optional(count),
});
const Empty = v.looseObject({});

/** Every control message and the schema of its payload. */
export const CONTROL = {
  register: Register,
  register_in_progress: Empty,
  register_success: RegisterSuccess,
  heartbeat: Heartbeat,
  heartbeat_ack: HeartbeatAck,
  ingress_routes: IngressRoutes,
  ingress_routes_ack: IngressRoutesAck,
  certificates: Certificates,
  certificates_ack: CertificatesAck,
  gateways: v.object({ gateways: v.array(GatewayAddress) }),
  drain: Drain,
  away: Away,
  error: ErrorMessage,
  ping: Empty,
  pong: Empty,
  protocol_fallback: v.looseObject({ unknown_type: word, supported_types: v.array(word) }),
} as const;

export type ControlType = keyof typeof CONTROL;
export type Control = {
  [T in ControlType]: {
    type: T;
    request_id?: string | undefined;
    payload: v.InferOutput<(typeof CONTROL)[T]>;
  };
}[ControlType];
/** What may be sent: defaults may be left out. */
export type ControlInput = {
  [T in ControlType]: {
    type: T;
    request_id?: string | undefined;
    payload: v.InferInput<(typeof CONTROL)[T]>;
  };
}[ControlType];

/** Largest text message either side takes, bytes. Snapshots above it go in parts. */
export const CONTROL_BYTES = 1_048_576;

export type ParsedControl =
  | { ok: true; message: Control }
  /** A type that this version does not know: answered once per type with `protocol_fallback`. */
  | { ok: false; unknown: string; request_id: string | undefined }
  | { ok: false; problem: string; request_id: string | undefined };

/** Reads one text message. Never throws: what is wrong comes back as `unknown` or `problem`. */
export function parseControl(text: string): ParsedControl {
  const envelope = v.safeParse(Envelope, safeJson(text));
  if (!envelope.success)
    return {
      ok: false,
      problem: "not a control message: expected {type, payload}",
      request_id: undefined,
    };
  const { type, request_id, payload } = envelope.output;
  if (!Object.hasOwn(CONTROL, type)) return { ok: false, unknown: type, request_id };
  const parsed = v.safeParse(CONTROL[type as ControlType], payload ?? {});
  if (!parsed.success)
    return { ok: false, problem: `${type}: ${describe(parsed.issues)}`, request_id };
  return { ok: true, message: { type, request_id, payload: parsed.output } as Control };
}

/** `timestamp` is RFC 3339, given by the caller: this room has no clock. */
export function encodeControl(message: ControlInput, timestamp: string): string {
  return JSON.stringify({ ...message, timestamp });
}

export function errorMessage(
  code: ErrorCode,
  message: string,
  retryAfterMs?: number,
): ControlInput {
  const again = CODES[code].retry ? retryAfterMs : undefined;
  const payload = { code, message: message.slice(0, WORD), retry_after_ms: again };
  return { type: "error", payload };
}

const Envelope = v.looseObject({
  type: v.pipe(v.string(), v.maxLength(64)),
  request_id: v.optional(v.pipe(v.string(), v.maxLength(128))),
  payload: v.optional(v.unknown()),
});

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One line naming each field that was wrong and what was expected; short enough for a message. */
export function describe(issues: readonly v.BaseIssue<unknown>[]): string {
  return issues
    .slice(0, 5)
    .map((issue) => `${v.getDotPath(issue) ?? "payload"}: ${issue.message}`)
    .join("; ")
    .slice(0, WORD);
}
