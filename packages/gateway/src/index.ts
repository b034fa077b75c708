// The door of this room: what other rooms may import.
export * from "./limits/client-prefix.ts";
export * from "./limits/token-buckets.ts";
export * from "./ports.ts";
export type { PortRange } from "./registry/admission.ts";
export * from "./registry/memory.ts";
export * from "./registry/quotas.ts";
export type { RedisPlace } from "@warren/host/redis-link";
export * from "./registry/snapshot-parts.ts";
export * from "./tokens/agent-token.ts";
export * from "./tokens/signing-key.ts";
export * from "./tokens/token-keys.ts";
export * from "./access/access.ts";
export * from "./access/basic-auth.ts";
export * from "./access/password-hash.ts";
export * from "./answers/accept.ts";
export * from "./answers/error-answer.ts";
export * from "./answers/public-text.ts";
export * from "./events.ts";
export type { OpenUpstreams, Upstreams, UpstreamsDeps } from "./direct/upstreams.ts";
export type { AdminPorts, TunnelSummary } from "./admin/admin-ports.ts";
export * from "./admin/admin-token.ts";
export { ADMIN_FIELD } from "./admin/guard.ts";
export * from "./admin/start-admin.ts";
export {
  FRONT_DEFAULTS,
  RESERVED_PATH,
  type CertificateChoice,
  type FrontDeps,
  type FrontSettings,
  type ReservedRequest,
} from "./front/front-context.ts";
export * from "./front/front.ts";
export * from "./config.ts";
export type { RunningGateway } from "./gateway-process.ts";
export * from "./start.ts";
export * from "./options.ts";
